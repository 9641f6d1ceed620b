"""FramePack: the tail of the previous clip as few tokens, coarser the older (Wan2.2-S2V; CoInteract sec. 3.2).

Shape legend: B batch, C latent channels, F latent frames of motion, h w latent height and width, N tokens, D width.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.network.embeddings import PatchEmbedding
from model.network.rotary import MOTION_PATCHES


class MotionEmbedding(nn.ModuleList):
    """The last 19 latent frames in three buckets, each with its own patch size; newest bucket first."""

    def __init__(self, channels: int, dim: int) -> None:
        super().__init__(PatchEmbedding(channels, patch, dim) for _, patch in MOTION_PATCHES)

    def untouched(self, like_BCThw: Tensor) -> Tensor:
        """A number that depends on every weight here and on no input."""
        batch, channels, _, rows, columns = like_BCThw.shape
        nothing = like_BCThw.new_zeros(batch, channels, 1, rows, columns)
        return torch.stack([tokens.sum() for tokens in self(nothing)]).sum()

    def forward(self, motion_BCFhw: Tensor) -> list[Tensor]:
        """[B,C,F,h,w] -> three times [B,N,D]; fewer than 19 frames are zero-padded at the old end."""
        total = sum(frames for frames, _ in MOTION_PATCHES)
        recent = motion_BCFhw[:, :, -total:]
        padded = F.pad(recent, (0, 0, 0, 0, total - recent.shape[2], 0))
        tokens: list[Tensor] = []
        end = total
        for (frames, _), embed in zip(MOTION_PATCHES, self, strict=True):
            tokens.append(embed(padded[:, :, end - frames : end]))
            end -= frames
        return tokens
