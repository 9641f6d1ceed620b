"""Boxes -> the label of every target token: the router's supervision, and what the toy's loss weighs.

CoInteract, arXiv 2604.19636, sec. 3.2 and the released loader: boxes sit on pixel frames 2, 6, 10 ...; frame f
supervises latent frame (f - 2) // 4; pixels / 8 are latents, / 2 are tokens, inclusive at both ends; a token inside a
hand box is hand, else inside a face box head, else base. To the router a product token is base.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from data.contracts import FrameBoxes
from foundation.clip_format import Box

BASE, HEAD, HAND, PRODUCT = 0, 1, 2, 3  # index into model.contracts.LABELS, which a test holds equal
FIRST_FRAME, FRAME_STEP = 2, 4
PIXELS_PER_TOKEN = 16  # codec stride 8 times patch 2


def expected_frames(frames: int) -> list[int]:
    """The pixel frames of a clip that carry boxes: 2, 6, 10 ..., one for each latent frame after the first."""
    return list(range(FIRST_FRAME, frames, FRAME_STEP))


def region_labels(boxes: Mapping[int, FrameBoxes], frames: int, height: int, width: int) -> NDArray[np.uint8]:
    """Labels of the target tokens.

    Args:
        boxes: pixel frame -> boxes in pixels of a height x width picture.
        frames: frames of the clip, 4 T + 1.

    Returns:
        uint8 [T * (height / 16) * (width / 16)], frames outermost, then rows, then columns.

    Raises:
        ValueError: boxes on a frame that supervises no latent frame: their time base is wrong.
    """
    expected = expected_frames(frames)
    if strange := sorted(set(boxes) - set(expected)):
        raise ValueError(f"boxes on frames {strange}, expected some of {expected}: the boxes' time base is wrong")
    labels_Thw = np.full((len(expected), height // PIXELS_PER_TOKEN, width // PIXELS_PER_TOKEN), BASE, np.uint8)
    for frame, parts in boxes.items():
        labels_hw = labels_Thw[(frame - FIRST_FRAME) // FRAME_STEP]
        _paint(labels_hw, parts.product, PRODUCT)
        _paint(labels_hw, parts.face, HEAD)
        _paint(labels_hw, parts.left_hand, HAND)
        _paint(labels_hw, parts.right_hand, HAND)
    return labels_Thw.reshape(-1)


def _paint(labels_hw: NDArray[np.uint8], box: Box | None, label: int) -> None:
    if box is not None:
        x1, y1, x2, y2 = (max(edge, 0) // PIXELS_PER_TOKEN for edge in box)
        labels_hw[y1 : y2 + 1, x1 : x2 + 1] = label
