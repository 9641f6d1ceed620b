"""Flicker and interpolation error by optical flow (OpenCV's DIS), which needs no weights. Apache-2.0.

Flicker: each frame is warped onto the next along the flow, and what differs where the flow can be trusted (there and
back again end at one place) is no motion: it is flicker, noise, drift. Interpolation: every second frame is drawn from
its neighbours along half the flow between them; a steady motion is foretold well (VBench's motion_smoothness asks a
learned interpolation network the same).

Shape legend: T frames, H W pixels, 2 = x, y of a flow.
"""

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from evaluation.backends.contracts import Answer, Series
from evaluation.backends.measured_by import measured_by
from evaluation.backends.video import Video
from evaluation.contracts import MeasuredBy

ENVIRONMENT = ".venv"
SETTINGS = ("",)
INPUTS = ("video",)
LONG_SIDE = 640  # of the pictures that are compared
TRUSTED = 1.0  # pixels by which there and back may miss
Real = NDArray[np.float32]


class FlowWarp:
    """See Backend."""

    def __init__(self) -> None:
        cv2.setNumThreads(1)
        self.finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)

    @property
    def measured_by(self) -> MeasuredBy:
        return measured_by("optical flow (DIS)", ("opencv-python-headless", "numpy"), "Apache-2.0")

    def measure(self, video: Video) -> Answer:
        frames = [_grey(frame) for frame in video.frames]
        if len(frames) < 2:
            raise ValueError("has one frame: flicker needs two")
        flicker_T: Series = [None, *(self.flicker(one, other) for one, other in pairwise(frames))]
        triples = zip(frames, frames[1:], frames[2:], strict=False)
        between_T: Series = [None, *(self.missed(*three) for three in triples), None]
        return Answer(per_frame={"flow_warp_error": flicker_T, "interpolation_error": between_T[: len(frames)]})

    def flicker(self, before_HW: NDArray[np.uint8], after_HW: NDArray[np.uint8]) -> float:
        """Mean absolute difference in levels of 255, where the flow can be trusted; NaN where it nowhere can."""
        back_HW2, there_HW2 = self._flow(after_HW, before_HW), self._flow(before_HW, after_HW)
        missed_HW = np.linalg.norm(back_HW2 + _warped(there_HW2, back_HW2), axis=2)
        trusted_HW = missed_HW < TRUSTED
        difference_HW = np.abs(after_HW - _warped(before_HW.astype(np.float32), back_HW2))
        return float(difference_HW[trusted_HW].mean()) if trusted_HW.any() else float("nan")

    def missed(self, before_HW: NDArray[np.uint8], frame_HW: NDArray[np.uint8], after_HW: NDArray[np.uint8]) -> float:
        """Mean absolute difference, in levels of 255, of a frame and what its neighbours foretell."""
        half = np.float32(0.5)
        forth_HW2, back_HW2 = self._flow(before_HW, after_HW) * half, self._flow(after_HW, before_HW) * half
        sides = [_warped(before_HW.astype(np.float32), -forth_HW2), _warped(after_HW.astype(np.float32), -back_HW2)]
        return float(np.abs(frame_HW - (sides[0] + sides[1]) / 2).mean())

    def _flow(self, one_HW: NDArray[np.uint8], other_HW: NDArray[np.uint8]) -> Real:
        return np.asarray(self.finder.calc(one_HW, other_HW, np.zeros((*one_HW.shape, 2), np.float32)), np.float32)


def build(_: object) -> FlowWarp:
    return FlowWarp()


def _grey(frame_HW3: NDArray[np.uint8]) -> NDArray[np.uint8]:
    grey_HW = cv2.cvtColor(frame_HW3, cv2.COLOR_RGB2GRAY)
    scale = LONG_SIDE / max(grey_HW.shape)
    small = cv2.resize(grey_HW, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else grey_HW
    return np.asarray(small, np.uint8)


def _warped(values: Real, flow_HW2: Real) -> Real:
    """Values [H,W] or [H,W,2] taken where the flow leads."""
    rows_HW, columns_HW = np.indices(flow_HW2.shape[:2], np.float32)
    at_x, at_y = columns_HW + flow_HW2[..., 0], rows_HW + flow_HW2[..., 1]
    return np.asarray(cv2.remap(values, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)
