"""Where the boxes say that the hands are.

Shape legend: A annotated frames of one clip, K = 2 hands (left, right), 2 = x, y.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from data.contracts import FrameBoxes
from foundation.clip_format import Box


def annotated_centres(boxes: Mapping[int, FrameBoxes]) -> tuple[list[int], NDArray[np.float64]]:
    """The annotated frames in order, and hand centres [A,K,2] in pixels; NaN where a hand has no box."""
    frames = sorted(boxes)
    centres = [[box_centre(boxes[frame].left_hand), box_centre(boxes[frame].right_hand)] for frame in frames]
    return frames, np.array(centres, dtype=np.float64).reshape(len(frames), 2, 2)


def box_centre(box: Box | None) -> tuple[float, float]:
    """x, y in pixels; NaN without a box."""
    return ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2) if box else (float("nan"), float("nan"))
