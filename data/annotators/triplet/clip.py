"""Do the references belong to the clip? Cosines of CLIP image features (transformers' CLIPModel).

The paper drops mismatched (frame, person, product) triplets (sec. 3.3) and leaves the judge open; what
similarity is enough the batch's rules decide.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity
from transformers import CLIPImageProcessorPil, CLIPModel

from data.annotators.config import Tool
from data.annotators.contracts import Frames, Mask, TripletScore
from data.annotators.leftovers import product_left
from data.annotators.published.weights import provenance, weights_folder
from data.contracts import Provenance
from foundation.geometry import box_of


class ClipTriplet:
    """A TripletValidator (data.annotators.contracts)."""

    def __init__(self, folder: Path, device: str) -> None:
        """Load a CLIP checkpoint with its image processor's configuration."""
        model: Any = CLIPModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)
        self.model = model.to(device).eval()
        self.processor: Any = CLIPImageProcessorPil.from_pretrained(folder, local_files_only=True)
        self.folder = folder

    @property
    def provenance(self) -> Provenance:
        return provenance("clip", "transformers", self.folder, "MIT")

    def score(self, rgb_HWC: Frames, product_HW: Mask, person_HWC: Frames, product_HWC: Frames) -> TripletScore:
        """See TripletValidator. The product is compared with its part of the frame."""
        seen = box_of(product_HW)
        if seen is None:
            return TripletScore(self._cosine(rgb_HWC, person_HWC), None, None)
        x1, y1, x2, y2 = seen
        part_HWC = rgb_HWC[y1 : y2 + 1, x1 : x2 + 1]
        left = product_left(rgb_HWC, product_HW, person_HWC)
        return TripletScore(self._cosine(rgb_HWC, person_HWC), self._cosine(part_HWC, product_HWC), left)

    def _cosine(self, one_HWC: Frames, other_HWC: Frames) -> float:
        return float(cosine_similarity(self._features(one_HWC), self._features(other_HWC)))

    @torch.no_grad()
    def _features(self, rgb_HWC: Frames) -> Tensor:
        inputs = self.processor(images=rgb_HWC, return_tensors="pt").to(self.model.device)
        seen = self.model.vision_model(**inputs).pooler_output
        return self.model.visual_projection(seen).float()


def build(tool: Tool) -> ClipTriplet:
    return ClipTriplet(weights_folder(tool, "a folder with a CLIP checkpoint"), tool.device)
