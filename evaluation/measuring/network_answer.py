"""What a network answered about one held-out clip; asked in evaluation.exam.ask_network. Imports no torch.

Plain arrays: an answer crosses to the process that measures the clip.

Shape legend: C latent channels, T latent frames, h w latent size, M layers, I noise levels, N tokens.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class NetworkAnswer:
    """Clean latents, how far from them the network's x0 is (mean square over all noise levels), the router's picks."""

    person_C1hw: NDArray[np.float32]  # the person reference
    rgb_CThw: NDArray[np.float32]
    hoi_CThw: NDArray[np.float32]
    rgb_error: float
    hoi_error: float | None  # None: the network is the RGB stream alone
    picks_MIN: NDArray[np.integer]  # the router's choice, an index into REGIONS; M = 0 without experts
    labels_MIN: NDArray[np.integer]  # the region labels, the same for all layers and noise levels


def mean_square(error: NDArray[np.floating]) -> float:
    """Mean squared value of an array of any shape."""
    return float(np.square(error.astype(np.float64)).mean())
