"""Where in a frame something looks most like its reference: windows of a feature map, and references on white.

Shape legend: H W pixels, D features, h w cells of a feature map.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from evaluation.backends.video import Frames
from foundation.geometry import box_of

WHITE_ABOVE = 240  # of 255: the ground of a product picture
Real = NDArray[np.float64]


def nearest_window(map_Dhw: Real, reference_D: Real, sides: Sequence[int]) -> float:
    """The highest cosine of the mean features of any square window and the reference's."""
    sums = np.pad(map_Dhw.cumsum(axis=1).cumsum(axis=2), ((0, 0), (1, 0), (1, 0)))
    best = -1.0
    for side in sides:
        if side > min(map_Dhw.shape[1:]):
            continue
        windows = sums[:, side:, side:] - sums[:, :-side, side:] - sums[:, side:, :-side] + sums[:, :-side, :-side]
        cosines = np.tensordot(reference_D, windows, 1) / np.linalg.norm(windows, axis=0).clip(1e-12)
        best = max(best, float(cosines.max()))
    return best


def on_white_square(product_HW3: Frames, pixels: int) -> Frames | None:
    """What is not white of a product picture, in the middle of a white square of so many pixels; None: all is white."""
    box = box_of(np.asarray((product_HW3 < WHITE_ABOVE).any(axis=-1)))
    if box is None:
        return None
    cut = product_HW3[box[1] : box[3] + 1, box[0] : box[2] + 1]
    height, width = cut.shape[:2]
    side = max(height, width)
    square = np.full((side, side, 3), 255, np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = cut
    return np.asarray(cv2.resize(square, (pixels, pixels), interpolation=cv2.INTER_AREA), np.uint8)


def unit(vector_D: Real) -> Real:
    return vector_D / max(float(np.linalg.norm(vector_D)), 1e-12)
