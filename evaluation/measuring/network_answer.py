"""What a network answered about one held-out clip; asked in evaluation.exam.ask_network. Imports no torch.

Shape legend: C latent channels, T latent frames, h w latent size, M layers, I noise levels, N tokens.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Tensor = Any  # torch's, by its name alone: the gate and the command line list metrics without importing torch


@dataclass(frozen=True)
class NetworkAnswer:
    """Clean latents, how far from them the network's x0 is (mean square over all noise levels), the router's picks."""

    person_C1hw: Tensor  # the person reference
    rgb_CThw: Tensor
    hoi_CThw: Tensor
    rgb_error: float
    hoi_error: float | None  # None: the network is the RGB stream alone
    picks_MIN: NDArray[np.integer]  # the router's choice, an index into REGIONS; M = 0 without experts
    labels_MIN: NDArray[np.integer]  # the region labels, the same for all layers and noise levels


def mean_square(error: Tensor) -> float:
    """Mean squared value of a tensor of any shape."""
    return float(error.double().square().mean())
