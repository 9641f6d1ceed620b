"""References by Qwen-Image-Edit (diffusers): the person with the product removed, the product alone on white.

CoInteract, arXiv 2604.19636, sec. 3.3. Weights: a diffusers folder such as Qwen/Qwen-Image-Edit. The pipeline's own
processor also wants a video processor, hence torchvision; this one asks for what a picture needs and no more.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers.pipelines.pipeline_utils import DiffusionPipeline
from PIL import Image
from transformers import BatchFeature, Qwen2Tokenizer
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from data.annotators.config import Tool
from data.annotators.contracts import Frames, Mask
from data.annotators.published.weights import provenance, weights_folder
from data.contracts import Provenance

WITHOUT_PRODUCT = "Remove the product from the person's hands. Keep person, pose and background as they are."
PRODUCT_ALONE = "Show only the product from the person's hands, whole, on plain white. Remove everything else."
IMAGE_PAD = "<|image_pad|>"


class QwenImageEdit:
    """An EntitySeparator (data.annotators.contracts). It looks for itself, so the masks are not needed."""

    def __init__(self, folder: Path, device: str, steps: int = 40, guidance: float = 4.0, seed: int = 0) -> None:
        """Load the pipeline.

        Args:
            folder: a diffusers folder with transformer, vae, text_encoder, tokenizer, processor and scheduler.
            device: "cuda" or "cpu".
            steps: denoising steps.
            guidance: true classifier-free guidance.
            seed: of the noise; the same picture gives the same reference.
        """
        processor = PictureProcessor(
            Qwen2Tokenizer.from_pretrained(folder / "tokenizer", local_files_only=True),
            Qwen2VLImageProcessorPil.from_pretrained(folder / "processor", local_files_only=True),
        )
        dtype = torch.bfloat16 if device == "cuda" else torch.float32
        pipeline: Any = DiffusionPipeline.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, processor=processor, dtype=dtype
        )
        pipeline.set_progress_bar_config(disable=True)
        self.pipeline = pipeline.to(device)
        self.folder, self.steps, self.guidance, self.seed = folder, steps, guidance, seed

    @property
    def provenance(self) -> Provenance:
        return provenance("qwen-image-edit", "diffusers", self.folder, "Apache-2.0")

    def person(self, rgb_HWC: Frames, product_HW: Mask) -> Frames:
        """See EntitySeparator."""
        return self._edit(rgb_HWC, WITHOUT_PRODUCT)

    def product(self, rgb_HWC: Frames, product_HW: Mask) -> Frames:
        """See EntitySeparator."""
        return self._edit(rgb_HWC, PRODUCT_ALONE)

    def _edit(self, rgb_HWC: Frames, prompt: str) -> Frames:
        height, width = rgb_HWC.shape[:2]
        edited = self.pipeline(
            image=Image.fromarray(rgb_HWC),
            prompt=prompt,
            negative_prompt=" ",
            true_cfg_scale=self.guidance,
            num_inference_steps=self.steps,
            height=16 * round(height / 16),
            width=16 * round(width / 16),
            generator=torch.Generator().manual_seed(self.seed),
        ).images[0]
        return np.asarray(edited.convert("RGB").resize((width, height), Image.Resampling.BICUBIC))


def build(tool: Tool) -> QwenImageEdit:
    return QwenImageEdit(weights_folder(tool, "a folder with Qwen/Qwen-Image-Edit"), tool.device)


class PictureProcessor:
    """Text with pictures to what Qwen2.5-VL takes: every picture's placeholder repeated once a merged patch."""

    def __init__(self, tokenizer: Any, pictures: Any) -> None:
        self.tokenizer, self.pictures = tokenizer, pictures

    def __call__(self, text: list[str], images: Any, padding: bool, return_tensors: str) -> Any:
        """Token ids, attention mask, pixel values and the grid of every picture, as a BatchFeature of tensors."""
        seen = self.pictures(images=images, return_tensors=return_tensors)
        patches = (seen["image_grid_thw"].prod(-1) // self.pictures.merge_size**2).tolist()
        counts = iter(patches)
        texts: list[str] = []
        for words in text:
            first, *others = words.split(IMAGE_PAD)
            texts.append(first + "".join(IMAGE_PAD * next(counts) + other for other in others))
        return BatchFeature({**self.tokenizer(texts, padding=padding, return_tensors=return_tensors), **seen})
