"""IQ: MUSIQ from an ONNX file that takes a picture [1,3,H,W] in 0..1 and gives points 0..100; /100.

Where the file asks for a fixed size, frames are resized to it.
"""

from pathlib import Path

import cv2
import numpy as np

from evaluation.backends.config import ScoringConfig
from evaluation.backends.contracts import Answer
from evaluation.backends.measured_by import measured_by
from evaluation.backends.onnx_network import LIBRARIES, OnnxNetwork
from evaluation.backends.video import Frames, Video
from evaluation.contracts import MeasuredBy

ENVIRONMENT = ".venv-annotators"
SETTINGS = ("weights.musiq",)
INPUTS = ("video",)
HIGHEST = 100.0


class Musiq:
    """See Backend."""

    def __init__(self, file: Path) -> None:
        self.network = OnnxNetwork(file, SETTINGS[0])

    @property
    def measured_by(self) -> MeasuredBy:
        return measured_by("MUSIQ", LIBRARIES, "as of the given file", [self.network.file])

    def measure(self, video: Video) -> Answer:
        return Answer(per_frame={"quality": [self._points(frame) / HIGHEST for frame in video.frames]})

    def _points(self, frame_HW3: Frames) -> float:
        height, width = self.network.shape[2:4]
        if isinstance(height, int) and isinstance(width, int):
            frame_HW3 = np.asarray(cv2.resize(frame_HW3, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        return float(self.network(frame_HW3.transpose(2, 0, 1)[None] / 255).ravel()[0])


def build(config: ScoringConfig) -> Musiq:
    assert config.weights.musiq is not None
    return Musiq(Path(config.weights.musiq))
