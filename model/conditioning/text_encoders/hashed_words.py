"""The embedded text encoder: each word a fixed direction. Needs no weights and no vocabulary.

Shape legend: B batch, L text tokens, D text width.
"""

import hashlib
import re
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from model.contracts import TextEncoderConfig

LIMITS = {"dim": (2, 65_536, 2)}  # positions are pairs of sine and cosine


def build(config: TextEncoderConfig, folder: Path, device: str) -> "HashedWords":
    """Of any width."""
    return HashedWords(config.dim, config.tokens)


class HashedWords:
    """Each word a fixed direction given by its SHAKE-256 hash, plus a sinusoidal position; no weights, no vocabulary.

    The same word is the same vector everywhere and for ever; an unknown word is as good as a known one, only its
    meaning is learned by the network. An empty prompt is all zeros.
    """

    def __init__(self, dim: int, tokens: int) -> None:
        assert dim % 2 == 0, "positions are pairs of sine and cosine"
        self.dim, self.tokens = dim, tokens

    def encode(self, prompts: list[str]) -> Tensor:
        """Prompts to text_BLD fp32; entries have about unit variance. ValueError: more words than tokens."""
        text_BLD = torch.zeros(len(prompts), self.tokens, self.dim)
        for row, prompt in enumerate(prompts):
            words = re.findall(r"\w+", prompt.lower())
            if len(words) > self.tokens:
                raise ValueError(
                    f'prompt "{prompt[:60]}..." has {len(words)} words, room for {self.tokens}: shorten it, or raise '
                    "encoding.text_encoder.tokens and network.text_tokens together"
                )
            for place, word in enumerate(words):
                text_BLD[row, place] = word_vector(word, self.dim) + 0.5 * position_vector(place, self.dim)
        return text_BLD


def word_vector(word: str, dim: int) -> Tensor:
    """A direction times sqrt(dim), read off the word's SHAKE-256: the same on every machine and in every version."""
    entries_D = np.frombuffer(hashlib.shake_256(word.encode()).digest(2 * dim), dtype="<u2") / 32767.5 - 1
    return torch.from_numpy(entries_D / np.linalg.norm(entries_D) * dim**0.5).float()


def position_vector(place: int, dim: int) -> Tensor:
    """[sin | cos] of place / 10000^(2i/dim) (Attention Is All You Need, sec. 3.5)."""
    angles = place * 10_000.0 ** (-torch.arange(0, dim, 2) / dim)
    return torch.cat([angles.sin(), angles.cos()])
