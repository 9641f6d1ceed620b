"""The real text encoder: transformers' UMT5EncoderModel and its tokenizer, from a local folder.

As in every Wan pipeline the padding positions are set to zero after encoding. Shape legend: B batch, L text tokens,
D text width.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoTokenizer, UMT5EncoderModel

from model.conditioning.given_weights import weights_folder
from model.contracts import TextEncoderConfig

NEEDS_WEIGHTS = True


def build(config: TextEncoderConfig, folder: Path, device: str) -> "Umt5TextEncoder":
    """The encoder in `config.weights`."""
    return Umt5TextEncoder.load(weights_folder("text_encoder", config.weights), config.tokens, device)


class Umt5TextEncoder:
    """A prompt longer than `tokens` is cut at the tokenizer's end mark, as Wan was trained (512 tokens)."""

    def __init__(self, model: Any, tokenizer: Any, tokens: int) -> None:
        self.model = model.eval().requires_grad_(False)
        self.tokenizer, self.tokens = tokenizer, tokens
        self.dim: int = model.config.d_model

    @classmethod
    def load(cls, folder: Path, tokens: int, device: str) -> "Umt5TextEncoder":
        """From a folder that holds model and tokenizer, as `save_pretrained` wrote them."""
        model: Any = UMT5EncoderModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)
        return cls(model.to(device), AutoTokenizer.from_pretrained(folder, local_files_only=True), tokens)

    @torch.no_grad()
    def encode(self, prompts: list[str]) -> Tensor:
        """Prompts to text_BLD fp32 on the CPU, zeros where the tokenizer padded."""
        tokens = self.tokenizer(
            prompts, padding="max_length", truncation=True, max_length=self.tokens, return_tensors="pt"
        ).to(self.model.device)
        text_BLD = self.model(input_ids=tokens.input_ids, attention_mask=tokens.attention_mask).last_hidden_state
        return (text_BLD * tokens.attention_mask[..., None]).float().cpu()
