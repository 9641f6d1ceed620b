"""How likely a colour is in some set of pixels: a smoothed histogram in Lab, learnt from the clip itself.

Shape legend: N pixels, H W picture, C = 3 (Lab, uint8).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from data.annotators.contracts import Frames

SHIFTS = np.array([3, 2, 2], np.uint8)  # lightness in steps of 8, colour in steps of 4
BINS = (32, 64, 64)
BLUR = 1.5  # bins
FLOOR = 0.05  # of an even spread: no colour is impossible


@dataclass(frozen=True)
class ColourModel:
    """Density over Lab, 1 where colours were spread evenly."""

    density_LAB: NDArray[np.float32]

    @classmethod
    def of(cls, lab_NC: Frames, weight_N: NDArray[np.float32] | None = None) -> "ColourModel":
        counts = np.bincount(bins_of(lab_NC), weights=weight_N, minlength=int(np.prod(BINS))).reshape(BINS)
        smooth_LAB = gaussian_filter(counts.astype(np.float32), BLUR)
        spread = max(float(smooth_LAB.mean()), 1e-9)
        return cls((smooth_LAB / spread + FLOOR).astype(np.float32))

    def of_pixels(self, lab_HWC: Frames) -> NDArray[np.float32]:
        """The density at every pixel's colour."""
        return self.density_LAB.reshape(-1)[bins_of(lab_HWC)]


def bins_of(lab_HWC: Frames) -> NDArray[np.int64]:
    """Each pixel's place in the flattened histogram."""
    steps_HWC = (lab_HWC >> SHIFTS).astype(np.int64)
    return (steps_HWC[..., 0] * BINS[1] + steps_HWC[..., 1]) * BINS[2] + steps_HWC[..., 2]
