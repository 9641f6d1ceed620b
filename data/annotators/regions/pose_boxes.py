"""Face and hand boxes from the landmarks: what a detector would draw, with its habits measured on the public sample.

The 68 landmarks of a face end at the brows, a detector's face box at the hair; landmarks of a hand lie inside the
fingers, its box around them. Shapes as in the contracts.
"""

import numpy as np

from data.annotators.config import RegionTool
from data.annotators.contracts import Frames, Landmarks, PoseTrack
from data.annotators.pose.mediapipe import MediaPipePose
from data.contracts import FrameBoxes, Provenance
from foundation.clip_format import Box

FACE_MARGINS = (0.10, 0.20, 0.10, 0.0)  # left, top, right, bottom, as shares of the landmarks' width and height
HAND_MARGINS = (0.25, 0.25, 0.25, 0.25)


class PoseBoxes:
    """RegionDetector."""

    @property
    def provenance(self) -> Provenance:
        return MediaPipePose().provenance

    def detect(self, rgb_THWC: Frames, pose: PoseTrack) -> list[FrameBoxes]:
        height, width = rgb_THWC.shape[1:3]
        return [
            FrameBoxes(
                face=box_around(face_K3, FACE_MARGINS, height, width),
                left_hand=box_around(left_K3, HAND_MARGINS, height, width),
                right_hand=box_around(right_K3, HAND_MARGINS, height, width),
            )
            for face_K3, left_K3, right_K3 in zip(pose.face_TK3, pose.left_hand_TK3, pose.right_hand_TK3, strict=True)
        ]


def build(_: RegionTool) -> PoseBoxes:
    return PoseBoxes()


def box_around(points_K3: Landmarks, margins: tuple[float, float, float, float], height: int, width: int) -> Box | None:
    """The landmarks' box with margins, cut at the frame; None where they were not seen or lie outside."""
    seen_K2 = points_K3[points_K3[:, 2] > 0, :2]
    if not len(seen_K2):
        return None
    (x1, y1), (x2, y2) = seen_K2.min(axis=0), seen_K2.max(axis=0)
    wide, tall = x2 - x1, y2 - y1
    left, top = x1 - margins[0] * wide, y1 - margins[1] * tall
    right, bottom = x2 + margins[2] * wide, y2 + margins[3] * tall
    if right < 0 or bottom < 0 or left >= width or top >= height:
        return None
    edges = np.clip(np.round([left, top, right, bottom]), 0, [width - 1, height - 1] * 2)
    return int(edges[0]), int(edges[1]), int(edges[2]), int(edges[3])
