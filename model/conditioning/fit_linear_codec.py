"""Fit the linear codec on videos: principal components for encoding, least squares over neighbours for decoding.

Two passes over the videos, each adding up moments, so that memory does not grow with their number. Deterministic.
Shape legend: P = 768 values of a block, C latent channels, X = 9 C + 1 values a block is decoded from.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor
from torch.nn.functional import unfold

from model.conditioning.linear_codec import BLOCK_VALUES, LinearCodec, to_blocks, with_neighbours

Videos = Callable[[], Iterable[tuple[str, Tensor]]]
"""Called once a pass; gives (kind, pixels [B,3,4k+1,H,W] in -1..1), for example ("rgb", ...)."""
WHITENING = 0.5  # 0: channels keep their share of the variance; 1: all alike. Half: colour and mouth are learned too
RIDGE = 1e-3  # of a block, beside latents of unit variance


@dataclass(frozen=True)
class FittedCodec:
    """The codec, and its peak signal-to-noise ratio in dB on each kind of video it was fitted on."""

    codec: LinearCodec
    psnr_db: dict[str, float]


def fit_linear_codec(videos: Videos, channels: int) -> FittedCodec:
    """Fit on all kinds of video together.

    Raises:
        ValueError: no video, or more channels than a block has values.
    """
    encoder = _fit_basis(videos, channels)
    by_kind: dict[str, DecoderMoments] = {}
    for kind, video_BCTHW in videos():
        by_kind.setdefault(kind, DecoderMoments(channels)).add(encoder.encode(video_BCTHW), to_blocks(video_BCTHW))
    inner_XX = torch.stack([moments.inner_XX for moments in by_kind.values()]).sum(dim=0)
    cross_XP = torch.stack([moments.cross_XP for moments in by_kind.values()]).sum(dim=0)
    blocks = sum(moments.blocks for moments in by_kind.values())
    ridge_XX = RIDGE * blocks * torch.eye(len(inner_XX), dtype=torch.float64)
    ridge_XX[-1, -1] = 0  # the constant
    decoder_XP = torch.linalg.solve(inner_XX + ridge_XX, cross_XP)
    kernel = rearrange(decoder_XP[:-1], "(c i j) p -> p c i j", c=channels, i=3)
    codec = LinearCodec(encoder.basis_PC, encoder.mean_P, encoder.scale_C, kernel.float(), decoder_XP[-1].float())
    return FittedCodec(codec, {kind: moments.psnr_db(decoder_XP) for kind, moments in by_kind.items()})


def _fit_basis(videos: Videos, channels: int) -> LinearCodec:
    """The encoder's half; its decoder is the transposed basis.

    Latents have unit variance overall. Between the channels they are half whitened (see WHITENING).
    """
    blocks, sum_P = 0, torch.zeros(BLOCK_VALUES, dtype=torch.float64)
    outer_PP = torch.zeros(BLOCK_VALUES, BLOCK_VALUES, dtype=torch.float64)
    for _, video_BCTHW in videos():
        blocks_NP = to_blocks(video_BCTHW).reshape(-1, BLOCK_VALUES)
        blocks += len(blocks_NP)
        sum_P += blocks_NP.sum(dim=0).double()
        outer_PP += (blocks_NP.T @ blocks_NP).double()
    if not blocks or not 1 <= channels <= BLOCK_VALUES:
        raise ValueError(f"cannot fit {channels} channels on {blocks} blocks: need 1..{BLOCK_VALUES} and some clips")
    mean_P = sum_P / blocks
    variances_P, vectors_PP = torch.linalg.eigh(outer_PP / blocks - torch.outer(mean_P, mean_P))  # ascending
    basis_PC = vectors_PP[:, -channels:].flip(1)
    largest_1C = basis_PC.abs().argmax(dim=0, keepdim=True)
    basis_PC = (basis_PC * basis_PC.gather(0, largest_1C).sign()).float()  # eigenvectors have no sign: choose one
    deviation_C = variances_P[-channels:].flip(0).clamp_min(1e-12).sqrt()
    scale_C = deviation_C**-WHITENING
    scale_C = (scale_C / (deviation_C * scale_C).square().mean().sqrt()).float()
    kernel = torch.zeros(BLOCK_VALUES, channels, 3, 3)
    kernel[:, :, 1, 1] = basis_PC / scale_C
    return LinearCodec(basis_PC, mean_P.float(), scale_C, kernel, mean_P.float())


class DecoderMoments:
    """Sums over the blocks of one kind of video: all that least squares and its error need."""

    def __init__(self, channels: int) -> None:
        size = 9 * channels + 1
        self.blocks, self.energy = 0, 0.0
        self.inner_XX = torch.zeros(size, size, dtype=torch.float64)
        self.cross_XP = torch.zeros(size, BLOCK_VALUES, dtype=torch.float64)

    def add(self, latents_BCThw: Tensor, blocks_BThwP: Tensor) -> None:
        """One video's latents and what they should decode to."""
        around_NX = rearrange(unfold(with_neighbours(latents_BCThw), 3), "bt x n -> (bt n) x")
        around_NX = torch.cat([around_NX, torch.ones(len(around_NX), 1)], dim=1)
        blocks_NP = blocks_BThwP.reshape(-1, BLOCK_VALUES)
        self.blocks += len(blocks_NP)
        self.energy += float(blocks_NP.double().square().sum())
        self.inner_XX += (around_NX.T @ around_NX).double()
        self.cross_XP += (around_NX.T @ blocks_NP).double()

    def psnr_db(self, decoder_XP: Tensor) -> float:
        """Of these blocks decoded with `decoder_XP` (fp64), pixels spanning -1..1, at most 106 dB."""
        explained = 2 * (decoder_XP * self.cross_XP).sum() - (decoder_XP * (self.inner_XX @ decoder_XP)).sum()
        mean_square = (self.energy - explained) / (self.blocks * BLOCK_VALUES)
        return float(10 * torch.log10(4 / mean_square.clamp_min(1e-10)))
