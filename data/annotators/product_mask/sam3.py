"""The product's mask by SAM3 video (transformers' Sam3VideoModel): a phrase finds it, its memory follows it.

CoInteract, arXiv 2604.19636, sec. 3.3. Weights: facebook/sam3, a folder that `save_pretrained` wrote.

Shape legend: T frames, H W pixels, C = 3 colours, S the model's side.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate
from transformers import AutoTokenizer, Sam3VideoModel
from transformers.models.sam3_video.modeling_sam3_video import Sam3VideoInferenceSession

from data.annotators.config import ProductMaskTool
from data.annotators.contracts import Frames, Mask, PoseTrack, ProductTrack
from data.annotators.published.weights import provenance, weights_folder
from data.contracts import Provenance

PROMPT_TOKENS = 32  # the model's text positions


class Sam3ProductMask:
    """A ProductMasker (data.annotators.contracts)."""

    def __init__(self, folder: Path, device: str, phrase: str = "product held in the hands") -> None:
        """Load the checkpoint.

        Args:
            folder: model and tokenizer.
            device: "cuda" or "cpu".
            phrase: what the masked thing is called.
        """
        model: Any = Sam3VideoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)
        self.model = model.to(device).eval()
        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self.side: int = model.config.detector_config.vision_config.backbone_config.image_size
        self.folder, self.device, self.phrase = folder, device, phrase

    @property
    def provenance(self) -> Provenance:
        return provenance("sam3 video", "transformers", self.folder, "LicenseRef-SAM")

    @torch.inference_mode()
    def mask(self, rgb_THWC: Frames, pose: PoseTrack, product_HWC: Frames | None) -> ProductTrack:
        """See ProductMasker. Of several things that fit the phrase, the one that is surest over the clip.

        The confidence is the model's own score, the mean over all frames: nothing was measured against it here.
        """
        frames, height, width, _ = rgb_THWC.shape
        session = Sam3VideoInferenceSession(
            video=pixels(rgb_THWC, self.side),
            video_height=height,
            video_width=width,
            inference_device=self.device,
            inference_state_device=self.device,
            video_storage_device="cpu",
            dtype=torch.float32,
        )
        self._ask(session)
        seen = list(self.model.propagate_in_video_iterator(session))
        scores: dict[int, float] = {}
        for frame in seen:
            for thing, score in frame.obj_id_to_score.items():
                scores[thing] = scores.get(thing, 0.0) + float(score)
        mask_THW = np.zeros((frames, height, width), np.bool_)
        if not scores:
            return ProductTrack(mask_THW, 0.0, {})
        surest = max(scores, key=lambda thing: scores[thing])
        for frame in seen:
            if surest in frame.obj_id_to_mask:
                mask_THW[frame.frame_idx] = _full_size(frame.obj_id_to_mask[surest], height, width)
        sure = min(1.0, max(0.0, scores[surest] / frames))
        return ProductTrack(mask_THW, round(sure, 4), {})

    def _ask(self, session: Any) -> None:
        prompt = session.add_prompt(self.phrase)
        words = self.tokenizer(
            self.phrase, return_tensors="pt", padding="max_length", max_length=PROMPT_TOKENS, truncation=True
        ).to(self.device)
        session.prompt_input_ids[prompt] = words.input_ids
        session.prompt_attention_masks[prompt] = words.attention_mask


def build(tool: ProductMaskTool) -> Sam3ProductMask:
    return Sam3ProductMask(weights_folder(tool, "a folder with facebook/sam3"), tool.device, tool.product_name)


def pixels(rgb_THWC: Frames, side: int) -> Tensor:
    """The frames as SAM3 takes them, [T,3,S,S] in -1..1: both sides stretched to the model's, no crop."""
    pictures = (torch.from_numpy(rgb_HWC.copy()).permute(2, 0, 1)[None].float() for rgb_HWC in rgb_THWC)
    small = [interpolate(picture, (side, side), mode="bilinear", antialias=True) for picture in pictures]
    return torch.cat(small) / 127.5 - 1


def _full_size(mask_1hw: Tensor, height: int, width: int) -> Mask:
    logits_HW = interpolate(mask_1hw[None].float(), (height, width), mode="bilinear", align_corners=False)[0, 0]
    return (logits_HW > 0).cpu().numpy()
