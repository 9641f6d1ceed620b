"""From masks to boxes, and to the frame that references are made from.

Shape legend: T frames, H W pixels.
"""

from collections.abc import Mapping

import numpy as np

from data.annotators.contracts import Mask
from data.contracts import FrameBoxes
from foundation.clip_format import Box


def box_of(mask_HW: Mask) -> Box | None:
    """The smallest box around a mask; None around nothing."""
    rows, columns = np.flatnonzero(mask_HW.any(axis=1)), np.flatnonzero(mask_HW.any(axis=0))
    if rows.size == 0:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])


def with_product(boxes: FrameBoxes, product: Box | None) -> FrameBoxes:
    return boxes.model_copy(update={"product": product})


def reference_frame(boxes: Mapping[int, FrameBoxes], product_THW: Mask) -> int:
    """The frame with the most of the product in the picture, among those that show the face.

    Raises:
        ValueError: no frame shows both.
    """
    areas_T = product_THW.sum(axis=(1, 2))
    seen = [frame for frame, found in boxes.items() if found.face is not None and areas_T[frame] > 0]
    if not seen:
        raise ValueError("no frame shows face and product: reject this stretch")
    return max(seen, key=lambda frame: int(areas_T[frame]))
