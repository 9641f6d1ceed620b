"""Pose by DWPose: YOLOX finds the person, an RTMPose network distilled for the whole body places 133 landmarks.

Both networks are ONNX files, as their authors publish them (IDEA-Research/DWPose, Apache-2.0), run by onnxruntime, on a
GPU where there is one.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import InvalidProtobuf

from data.annotators.config import Tool
from data.annotators.contracts import Frames, Landmarks, PoseTrack
from data.annotators.published import simcc, yolox
from data.annotators.published.weights import provenance, weights_folder
from data.annotators.published.whole_body import LANDMARKS, pose_track
from data.contracts import Provenance

LOOKS = 8  # frames on which people are counted
PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")


class DWPose:
    """A PoseEstimator (data.annotators.contracts)."""

    def __init__(self, detector: Path, landmarks: Path, person_threshold: float = 0.3) -> None:
        """Load both networks.

        Args:
            detector: yolox_l.onnx.
            landmarks: dw-ll_ucoco_384.onnx.
            person_threshold: score below which nobody is there.

        Raises:
            ValueError: a file is missing or no ONNX network.
        """
        self.detector, self.network = _session(detector), _session(landmarks)
        self.side: int = self.detector.get_inputs()[0].shape[2]
        self.crop_height, self.crop_width = self.network.get_inputs()[0].shape[2:4]
        self.person_threshold = person_threshold
        self.weights = landmarks

    @property
    def provenance(self) -> Provenance:
        return provenance("dwpose", "onnxruntime", self.weights, "Apache-2.0")

    def estimate(self, rgb_THWC: Frames) -> PoseTrack:
        """See PoseEstimator. Where nobody is found, every landmark of the frame has confidence 0."""
        return pose_track(np.stack([self._frame(rgb_HWC) for rgb_HWC in rgb_THWC]))

    def people(self, rgb_THWC: Frames) -> int:
        """See PoseEstimator."""
        return max(len(self._people(rgb_HWC)) for rgb_HWC in rgb_THWC[:: max(1, len(rgb_THWC) // LOOKS)])

    def _frame(self, rgb_HWC: Frames) -> Landmarks:
        people = self._people(rgb_HWC)
        if not people:
            return np.zeros((LANDMARKS, 3), np.float32)
        seen = simcc.window(people[0], self.crop_height, self.crop_width)
        x_1KX, y_1KY = _answer(self.network, simcc.crop(rgb_HWC, seen, self.crop_height, self.crop_width))
        return simcc.landmarks(x_1KX[0], y_1KY[0], seen)

    def _people(self, rgb_HWC: Frames) -> list[yolox.Window]:
        picture_1CSS, scale = yolox.letterbox(rgb_HWC, self.side)
        return yolox.people(_answer(self.detector, picture_1CSS)[0][0], self.side, scale, self.person_threshold)


def build(tool: Tool) -> DWPose:
    folder = weights_folder(tool, "a folder with yolox_l.onnx and dw-ll_ucoco_384.onnx")
    return DWPose(folder / "yolox_l.onnx", folder / "dw-ll_ucoco_384.onnx")


def _session(file: Path) -> Any:
    if not file.is_file():
        raise ValueError(f"{file} is missing: download DWPose's ONNX files there (IDEA-Research/DWPose)")
    available = onnxruntime.get_available_providers()
    try:
        return onnxruntime.InferenceSession(file, providers=[name for name in PROVIDERS if name in available])
    except InvalidProtobuf as error:
        raise ValueError(f"{file} is no ONNX network ({error}): download it again") from error


def _answer(session: Any, value: Landmarks) -> list[Any]:
    return session.run(None, {session.get_inputs()[0].name: value})
