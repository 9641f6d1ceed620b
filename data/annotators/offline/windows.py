"""Square windows of a frame: small models see a person, a face or a hand only if it fills their picture.

Shape legend: H W pixels, C = 3 colours (RGB, uint8), K points (x, y).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from data.annotators.contracts import Frames

Points = NDArray[np.float32]


@dataclass(frozen=True)
class Window:
    """A square of a frame, in its pixels; it may reach over the border, where it is black."""

    left: float
    top: float
    side: float

    def cut(self, rgb_HWC: Frames, pixels: int) -> Frames:
        """The window's content as pixels x pixels."""
        scale = pixels / self.side
        matrix = np.array([[scale, 0, -self.left * scale], [0, scale, -self.top * scale]], np.float64)
        shrinks = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        return cv2.warpAffine(rgb_HWC, matrix, (pixels, pixels), flags=shrinks).astype(np.uint8, copy=False)

    def to_frame(self, points_K2: Points) -> Points:
        """Points in 0..1 of the window, in the frame's pixels."""
        return np.asarray(points_K2 * self.side + np.array([self.left, self.top]), np.float32)


def around(centre_2: Points, side: float) -> Window:
    return Window(float(centre_2[0]) - side / 2, float(centre_2[1]) - side / 2, side)


def tiles(height: int, width: int) -> list[Window]:
    """The whole frame, then squares of its shorter side that overlap by half along the longer one."""
    long, short = max(height, width), min(height, width)
    whole = Window((width - long) / 2, (height - long) / 2, long)
    if long < 1.2 * short:
        return [whole]
    steps = int(np.ceil((long - short) / (short / 2))) + 1
    starts = np.linspace(0, long - short, steps)
    return [whole, *(Window(0, start, short) if height > width else Window(start, 0, short) for start in starts)]
