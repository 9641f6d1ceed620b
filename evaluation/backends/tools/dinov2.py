"""DINO id and obj: cosines of DINOv2 features, from a folder that `save_pretrained` wrote.

Person: the class token of the whole frame and of the person reference. Product: mean patch tokens of the product
reference and of the window of each frame that is nearest to it (the paper's crop comes from boxes, which anybody's
videos do not have).

Shape legend: T frames, H W pixels, D features, h w patches.
"""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from transformers import Dinov2Model

from evaluation.backends.config import ScoringConfig
from evaluation.backends.contracts import Answer
from evaluation.backends.measured_by import measured_by
from evaluation.backends.video import Frames, Video
from evaluation.backends.windows import nearest_window, on_white_square, unit
from evaluation.contracts import MeasuredBy

ENVIRONMENT = ".venv"
SETTINGS = ("weights.dinov2",)
INPUTS = ("video", "person", "product")
LONG_SIDE, REFERENCE_SIDE = 518, 224
WINDOWS = (5, 8, 11)  # sides in patches
MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])  # ImageNet's, as DINOv2 takes it
Real = NDArray[np.float64]


class Dino:
    """See Backend."""

    def __init__(self, config: ScoringConfig) -> None:
        assert config.weights.dinov2 is not None
        self.folder, self.device = Path(config.weights.dinov2), config.device
        model: Any = Dinov2Model.from_pretrained(self.folder, local_files_only=True, use_safetensors=True)
        self.model = model.to(self.device).eval()
        self.patch = int(self.model.config.patch_size)

    @property
    def measured_by(self) -> MeasuredBy:
        return measured_by("DINOv2", ("transformers", "torch"), "Apache-2.0", [self.folder], self.device)

    def measure(self, video: Video) -> Answer:
        seen = [self._features(frame, LONG_SIDE) for frame in video.frames]
        per_frame: dict[str, list[float | None]] = {}
        if video.clip.person is not None:
            own_D, _ = self._features(video.person, LONG_SIDE)
            per_frame["person_cosine"] = [float(whole_D @ own_D) for whole_D, _ in seen]
        notes: dict[str, str] = {}
        square = None if video.clip.product is None else on_white_square(video.product, REFERENCE_SIDE)
        if square is None:
            notes["product_cosine"] = "no product reference was given, or it is all white"
        else:
            own_D = unit(self._features(square, REFERENCE_SIDE)[1].mean(axis=(1, 2)))
            per_frame["product_cosine"] = [nearest_window(map_Dhw, own_D, WINDOWS) for _, map_Dhw in seen]
        return Answer(per_frame=per_frame, notes=notes)

    @torch.no_grad()
    def _features(self, rgb_HW3: Frames, long_side: int) -> tuple[Real, Real]:
        """The class token as a unit vector [D], the patch tokens [D,h,w]."""
        scale = long_side / max(rgb_HW3.shape[:2])
        rows, columns = (max(1, round(side * scale / self.patch)) for side in rgb_HW3.shape[:2])
        size = (columns * self.patch, rows * self.patch)
        small = cv2.resize(rgb_HW3, size, interpolation=cv2.INTER_AREA)
        pixels = torch.from_numpy(((small / 255 - MEAN) / DEVIATION).transpose(2, 0, 1)[None]).float().to(self.device)
        tokens_ND = self.model(pixel_values=pixels).last_hidden_state[0].double().cpu().numpy()
        return unit(tokens_ND[0]), tokens_ND[1:].T.reshape(-1, rows, columns)


def build(config: ScoringConfig) -> Dino:
    return Dino(config)
