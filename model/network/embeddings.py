"""From latents, timesteps and text to tokens, and from tokens back to latents.

Patch embeddings are plain matrix products over cut-out patches (the public weights hold them as convolutions whose
kernel equals their stride, which is the same thing).

Shape legend: B batch, C latent channels, T latent frames, h w latent height and width, N tokens, Z values of a patch,
D width.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.network.kernels.gelu import TanhGelu
from model.network.kernels.precision import without_autocast

Patch = tuple[int, int, int]


def cut_patches(x_BCThw: Tensor, patch: Patch) -> Tensor:
    """[B,C,T,h,w] -> [B, (T/pt)(h/ph)(w/pw), C pt ph pw]; what does not fill a patch is cut off."""
    (pt, ph, pw), (frames, rows, columns) = patch, x_BCThw.shape[2:]
    x = x_BCThw[:, :, : frames // pt * pt, : rows // ph * ph, : columns // pw * pw]
    x = x.unflatten(4, (-1, pw)).unflatten(3, (-1, ph)).unflatten(2, (-1, pt))
    return x.permute(0, 2, 4, 6, 1, 3, 5, 7).flatten(4).flatten(1, 3)


def join_patches(x_BNZ: Tensor, patch: Patch, grid: tuple[int, int, int]) -> Tensor:
    """[B, N, pt ph pw C] with the channel fastest -> [B,C,T,h,w]; `grid` counts tokens per axis."""
    x = x_BNZ.unflatten(2, (*patch, -1)).unflatten(1, grid)
    return x.permute(0, 7, 1, 4, 2, 5, 3, 6).flatten(6, 7).flatten(4, 5).flatten(2, 3)


class PatchEmbedding(nn.Module):
    """One latent patch, one token."""

    def __init__(self, channels: int, patch: Patch, dim: int) -> None:
        super().__init__()
        self.patch = patch
        self.project = nn.Linear(channels * patch[0] * patch[1] * patch[2], dim)

    def forward(self, x_BCThw: Tensor) -> Tensor:
        """[B,C,T,h,w] -> [B,N,D] in fp32, the residual stream's precision."""
        return self.project(cut_patches(x_BCThw, self.patch)).float()


class TimeEmbedding(nn.Module):
    """Timestep (0..1000) -> embedding e(t) for the heads and modulation m(t) for the blocks, both in fp32."""

    def __init__(self, frequency_dim: int, dim: int) -> None:
        super().__init__()
        self.frequency_dim = frequency_dim
        self.embed = nn.Sequential(nn.Linear(frequency_dim, dim), nn.SiLU(), nn.Linear(dim, dim))
        self.project = nn.Linear(dim, 6 * dim)

    def forward(self, timestep_B: Tensor) -> Tensor:
        """[B] -> [B,D]."""
        half = self.frequency_dim // 2
        places = torch.arange(half, dtype=torch.float64, device=timestep_B.device)
        angles = timestep_B.double()[:, None] * 10_000.0 ** (-places / half)
        waves = torch.cat((angles.cos(), angles.sin()), dim=1)
        with without_autocast(timestep_B):
            return self.embed(waves.to(self.project.weight.dtype)).float()

    def modulation(self, embedded_BD: Tensor) -> Tensor:
        """[B,D] -> [B,6,D]: shift, scale, gate of attention, then of the FFN."""
        with without_autocast(embedded_BD):
            projected = self.project(F.silu(embedded_BD).to(self.project.weight.dtype))
        return projected.float().unflatten(-1, (6, -1))


class TextEmbedding(nn.Sequential):
    """Text encoder's width -> the transformer's."""

    def __init__(self, text_dim: int, dim: int) -> None:
        super().__init__(nn.Linear(text_dim, dim), TanhGelu(), nn.Linear(dim, dim))


class Head(nn.Module):
    """adaLN from the un-projected time embedding, then one linear layer to a patch."""

    def __init__(self, dim: int, channels: int, patch: Patch, eps: float) -> None:
        super().__init__()
        self.patch, self.eps = patch, eps
        self.modulation_12D = nn.Parameter(torch.empty(1, 2, dim))
        self.output = nn.Linear(dim, patch[0] * patch[1] * patch[2] * channels)

    def forward(self, x_BND: Tensor, time_BD: Tensor, grid: tuple[int, int, int]) -> Tensor:
        """[B,N,D] -> [B,C,T,h,w] in fp32."""
        shift_B1D, scale_B1D = (self.modulation_12D + time_BD[:, None]).chunk(2, dim=1)
        x = F.layer_norm(x_BND, x_BND.shape[-1:], eps=self.eps) * (1 + scale_B1D) + shift_B1D
        return join_patches(self.output(x).float(), self.patch, grid)
