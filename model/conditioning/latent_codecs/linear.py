"""The embedded latent codec: blocks of 4x8x8 pixels on the first principal components of the training clips.

It has the strides of the Wan VAE and needs no weights but its own fit. Encoding is one matrix; the first frame is
repeated four times, so that one basis serves every block. Decoding is one 3x3 convolution: a block is drawn from its
own latent and its eight neighbours', which gives 1.2 dB more than the transposed basis and softer seams.

Fitting takes two passes over the videos: principal components for encoding, least squares over neighbours for
decoding. Each pass adds up moments, so that memory does not grow with their number. Deterministic.

Shape legend: B batch, C colours or latent channels, T frames, H W pixels, h w = H/8 W/8, P = 3*4*8*8 values of a block,
X = 9 C + 1 values a block is decoded from.
"""

from dataclasses import dataclass, fields
from pathlib import Path

import torch
from einops import rearrange
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn.functional import conv2d, pad, unfold

from model.conditioning.latent_codec import SPACE_STRIDE, TIME_STRIDE, Videos, check_video_shape
from model.contracts import LatentCodecConfig

FILES = ("latent_codec.safetensors",)
LIMITS = {"channels": (1, 768, 1)}  # a block has so many values
BLOCK_VALUES = 3 * TIME_STRIDE * SPACE_STRIDE * SPACE_STRIDE
BLOCK = "b c (t pt) (h ph) (w pw) -> b t h w (c pt ph pw)"
VIDEO = "(b t) (c pt ph pw) h w -> b c (t pt) (h ph) (w pw)"
SIZES = {"c": 3, "pt": TIME_STRIDE, "ph": SPACE_STRIDE, "pw": SPACE_STRIDE}
WHITENING = 0.5  # 0: channels keep their share of the variance; 1: all alike. Half: colour and mouth are learned too
RIDGE = 1e-3  # of a block, beside latents of unit variance


def build(config: LatentCodecConfig, folder: Path, device: str) -> "LinearCodec":
    """The codec fitted into `folder`; it works where its input is."""
    return LinearCodec.load(folder / FILES[0])


def fit(config: LatentCodecConfig, videos: Videos, folder: Path) -> str:
    """Fit it into `folder` on RGB, HOI and reference videos; returns a line for people."""
    fitted = fit_linear_codec(videos, config.channels)
    fitted.codec.save(folder / FILES[0])
    rgb_db, hoi_db = fitted.psnr_db["rgb"], fitted.psnr_db["hoi"]
    return f"{config.channels} channels, {rgb_db:.1f} dB on RGB and {hoi_db:.1f} dB on HOI of its clips"


@dataclass(frozen=True)
class LinearCodec:
    """latents = (block - mean) @ basis * scale with an orthonormal basis; blocks = 3x3 convolution of the latents."""

    basis_PC: Tensor
    mean_P: Tensor
    scale_C: Tensor
    decoder_PC33: Tensor
    decoder_bias_P: Tensor

    @property
    def channels(self) -> int:
        return self.basis_PC.shape[1]

    def encode(self, video_BCTHW: Tensor) -> Tensor:
        """Pixels [B,3,4k+1,H,W] in -1..1 to latents [B,C,k+1,H/8,W/8]. ValueError: another frame count or size."""
        here = video_BCTHW.device
        centred_BThwP = to_blocks(video_BCTHW) - self.mean_P.to(here)
        return (centred_BThwP @ (self.basis_PC * self.scale_C).to(here)).movedim(-1, 1)

    def decode(self, latents_BCThw: Tensor) -> Tensor:
        """Latents [B,C,k+1,h,w] to pixels [B,3,4k+1,8h,8w]; the first latent's four frames become one, their mean."""
        here = latents_BCThw.device
        around = with_neighbours(latents_BCThw)
        blocks = conv2d(around, self.decoder_PC33.to(here), self.decoder_bias_P.to(here))
        video_BCTHW = rearrange(blocks, VIDEO, b=len(latents_BCThw), **SIZES)
        first_BC1HW = video_BCTHW[:, :, :TIME_STRIDE].mean(dim=2, keepdim=True)
        return torch.cat([first_BC1HW, video_BCTHW[:, :, TIME_STRIDE:]], dim=2).clamp(-1, 1)

    def save(self, file: Path) -> None:
        save_file({field.name: getattr(self, field.name).contiguous() for field in fields(self)}, file)

    @classmethod
    def load(cls, file: Path) -> "LinearCodec":
        """What `save` wrote. ValueError: there is no such file."""
        if not file.exists():
            raise ValueError(f"{file} is missing: fit the encoders first (python -m model.encoding.fit_encoders BATCH)")
        return cls(**load_file(file))


def to_blocks(video_BCTHW: Tensor) -> Tensor:
    """[B,3,4k+1,H,W] -> [B,k+1,H/8,W/8,P], the first frame repeated to fill its block."""
    check_video_shape(video_BCTHW)
    first_BC3HW = video_BCTHW[:, :, :1].expand(-1, -1, TIME_STRIDE - 1, -1, -1)
    whole_BCTHW = torch.cat([first_BC3HW, video_BCTHW], dim=2)
    return rearrange(whole_BCTHW, BLOCK, **SIZES)


def with_neighbours(latents_BCThw: Tensor) -> Tensor:
    """[B,C,T,h,w] -> [BT,C,h+2,w+2]: the border repeated, ready for a 3x3 convolution."""
    return pad(rearrange(latents_BCThw, "b c t h w -> (b t) c h w"), (1, 1, 1, 1), mode="replicate")


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
