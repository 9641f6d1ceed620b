"""CLIP's picture features, from a folder that `save_pretrained` wrote; nothing is fetched.

Shape legend: T frames, B of them at once, D features.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize
from transformers import CLIPImageProcessorPil, CLIPModel

from evaluation.backends.config import ScoringConfig
from evaluation.backends.video import Frames

BATCH = 16
LIBRARIES = ("transformers", "torch")


class ClipFeatures:
    """Frames -> unit vectors."""

    def __init__(self, config: ScoringConfig) -> None:
        assert config.weights.clip is not None
        self.folder, self.device = Path(config.weights.clip), config.device
        model: Any = CLIPModel.from_pretrained(self.folder, local_files_only=True, use_safetensors=True)
        self.model = model.to(self.device).eval()
        self.processor: Any = CLIPImageProcessorPil.from_pretrained(self.folder, local_files_only=True)

    @torch.no_grad()
    def __call__(self, frames_THW3: Frames) -> Tensor:
        """[T,D], float32 on the CPU."""
        parts: list[Tensor] = []
        for start in range(0, len(frames_THW3), BATCH):
            pictures = list(frames_THW3[start : start + BATCH])
            inputs = self.processor(images=pictures, return_tensors="pt").to(self.device)
            pooled = self.model.vision_model(**inputs).pooler_output
            parts.append(self.model.visual_projection(pooled).float().cpu())
        return normalize(torch.cat(parts), dim=1)
