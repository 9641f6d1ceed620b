"""Motion smoothness: cosine of consecutive frames' descriptors.

The paper takes CLIP features; this stand-in takes the frame averaged to a coarse grid, centred on mid grey, so that
it needs no weights. Like the original it rewards still pictures (1.0): read it beside the true clip's value.
(VBench's `motion_smoothness` is something else: a frame-interpolation error.)

Shape legend: T frames, H W pixels, D descriptor.
"""

import numpy as np

from evaluation.measuring.clip import GENERATED, Frames
from evaluation.measuring.kinds import ClipMetric, roles


def motion_smoothness(frames_THW3: Frames, cell_pixels: int = 8) -> float:
    """Mean cosine of consecutive frames' coarse descriptors, in -1..1.

    Raises:
        ValueError: fewer than two frames, or a frame smaller than one cell.
    """
    count, height, width, _ = frames_THW3.shape
    rows, columns = height // cell_pixels, width // cell_pixels
    if count < 2 or not rows or not columns:
        raise ValueError(f"smoothness needs two frames of at least {cell_pixels} pixels, got {frames_THW3.shape}")
    cut = frames_THW3[:, : rows * cell_pixels, : columns * cell_pixels].astype(np.float64) / 127.5 - 1
    cells = cut.reshape(count, rows, cell_pixels, columns, cell_pixels, 3).mean(axis=(2, 4))
    features_TD = cells.reshape(count, -1)
    norms_T = np.linalg.norm(features_TD, axis=1).clip(1e-9)
    dots = (features_TD[1:] * features_TD[:-1]).sum(axis=1)
    return float(np.mean(dots / (norms_T[1:] * norms_T[:-1])))


METRICS = {
    "motion_smoothness_pixel_cosine": ClipMetric(
        title="smoothness of the motion (pixel cosine)",
        unit="cosine",
        direction="higher_is_better",
        version=1,
        proxy=True,
        measure=lambda _, frames_THW3: motion_smoothness(frames_THW3[GENERATED]),
        roles=roles("cosine of consecutive frames' coarse pixel descriptors; a still picture scores 1", "truth"),
    )
}
