"""Every box of a batch as delivered, one row a box: what validation judges before the boxes are moved with the crop.

A batch of 12,000 clips has up to a million boxes, so the table is columns of numbers from the start.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel

from data.clips.region_boxes import FRAME_STEP
from data.contracts import ClipRecord

KINDS = ("face", "left_hand", "right_hand", "product")
FACE, PRODUCT = 0, 3
# B boxes; edges x1 y1 x2 y2
Row = tuple[int, int, int, int, int, int]


class DeliveredBoxes(BaseModel, frozen=True, extra="forbid"):
    """The boxes of one delivered clip: [frame, index into KINDS, x1, y1, x2, y2] in pixels of its picture."""

    clip_id: str
    height: int
    width: int
    boxes: list[Row]


def delivered_boxes(record: ClipRecord) -> DeliveredBoxes:
    """The boxes of one raw record, by frame."""
    rows = [
        (frame, kind, *box)
        for frame, parts in sorted(record.boxes.items())
        for kind, name in enumerate(KINDS)
        if (box := getattr(parts, name)) is not None
    ]
    return DeliveredBoxes(clip_id=record.clip_id, height=record.height, width=record.width, boxes=rows)


def box_table(delivered: Sequence[DeliveredBoxes]) -> pd.DataFrame:
    """One row a box; `clip` counts the delivered clips. Areas are shares of the picture, jumps of its diagonal."""
    counts = [len(clip.boxes) for clip in delivered]
    rows_B6 = np.array([row for clip in delivered for row in clip.boxes], np.int64).reshape(-1, 6)
    clip_B = np.repeat(np.arange(len(delivered)), counts)
    height_B = np.repeat(np.array([clip.height for clip in delivered], np.int64), counts)
    width_B = np.repeat(np.array([clip.width for clip in delivered], np.int64), counts)
    frame_B, kind_B, x1, y1, x2, y2 = rows_B6.T
    area_B = np.maximum(0, x2 - x1 + 1) * np.maximum(0, y2 - y1 + 1)
    jump_B, growth_B = _changes(clip_B, rows_B6, area_B)
    return pd.DataFrame(
        {
            "clip": clip_B,
            "frame": frame_B,
            "kind": kind_B,
            "x1": x1,
            "y1": y1,
            "x2": x2,
            "y2": y2,
            "x2_minus_x1": x2 - x1,
            "y2_minus_y1": y2 - y1,
            "room_right": width_B - x2,
            "room_below": height_B - y2,
            "area": np.round(area_B / (height_B * width_B), 4),
            "jump": np.round(jump_B / np.hypot(height_B, width_B), 4),
            "growth": np.round(growth_B, 3),
            "face_covered": np.round(_covered(clip_B, rows_B6, area_B), 4),
        }
    )


def _changes(
    clip_B: NDArray[np.intp], rows_B6: NDArray[np.int64], area_B: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far each box's centre moved (pixels) and by what factor it changed its area since the frame before."""
    frame_B, kind_B, x1, y1, x2, y2 = rows_B6.T
    order = np.lexsort((frame_B, kind_B, clip_B))
    after, before = order[1:], order[:-1]
    same = (clip_B[after] == clip_B[before]) & (kind_B[after] == kind_B[before])
    same &= frame_B[after] - frame_B[before] == FRAME_STEP
    after, before = after[same], before[same]
    jump_B, growth_B = np.zeros(len(rows_B6)), np.ones(len(rows_B6))
    across, down = (x1 + x2)[after] - (x1 + x2)[before], (y1 + y2)[after] - (y1 + y2)[before]
    jump_B[after] = np.hypot(across, down) / 2
    large, small = np.maximum(area_B[after], area_B[before]), np.minimum(area_B[after], area_B[before])
    growth_B[after] = large / np.maximum(small, 1)
    return jump_B, growth_B


def _covered(clip_B: NDArray[np.intp], rows_B6: NDArray[np.int64], area_B: NDArray[np.int64]) -> NDArray[np.float64]:
    """For each product box the share of the same frame's face box that it covers; 0 for every other box."""
    frame_B, kind_B = rows_B6[:, 0], rows_B6[:, 1]
    key_B = clip_B * (frame_B.max(initial=0) + 1) + frame_B
    faces, products = np.flatnonzero(kind_B == FACE), np.flatnonzero(kind_B == PRODUCT)
    _, face, product = np.intersect1d(key_B[faces], key_B[products], return_indices=True)
    face, product = faces[face], products[product]
    first_P2 = np.maximum(rows_B6[face, 2:4], rows_B6[product, 2:4])
    last_P2 = np.minimum(rows_B6[face, 4:6], rows_B6[product, 4:6])
    shared_P = np.maximum(0, last_P2 - first_P2 + 1).prod(axis=1)
    covered_B = np.zeros(len(rows_B6))
    covered_B[product] = shared_P / np.maximum(area_B[face], 1)
    return covered_B
