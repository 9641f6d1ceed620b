"""Peak signal-to-noise ratio of a clip against the truth: a plain fidelity number, not a measure of interaction."""

import math

import numpy as np
from numpy.typing import NDArray

# T frames, H height, W width, 3 colours (RGB)
Frames = NDArray[np.uint8]


def psnr_db(frames_THW3: Frames, truth_THW3: Frames) -> float:
    """PSNR in dB over the whole clip (one mean squared error for all frames); infinite for equal clips.

    Raises:
        ValueError: the two clips have different shapes.
    """
    if frames_THW3.shape != truth_THW3.shape:
        raise ValueError(f"clips of shape {frames_THW3.shape} and {truth_THW3.shape} cannot be compared")
    difference = frames_THW3.astype(np.float64) - truth_THW3.astype(np.float64)
    mean_square = float(np.mean(difference**2))
    return math.inf if mean_square == 0 else 10 * math.log10(255.0**2 / mean_square)
