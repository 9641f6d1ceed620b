"""The embedded latent codec: blocks of 4x8x8 pixels on the first principal components of the training clips.

It has the strides of the Wan VAE and needs no weights but its own fit (model.conditioning.fit_linear_codec). Encoding
is one matrix; the first frame is repeated four times, so that one basis serves every block. Decoding is one 3x3
convolution: a block is told by its own latent and its eight neighbours', which gives 1.2 dB more than the transposed
basis and softer seams.

Shape legend: B batch, C colours or latent channels, T frames, H W pixels, h w = H/8 W/8, P = 3*4*8*8 values of a block.
"""

from dataclasses import dataclass, fields
from pathlib import Path

import torch
from einops import rearrange
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn.functional import conv2d, pad

from model.conditioning.latent_codec import SPACE_STRIDE, TIME_STRIDE, check_video_shape

BLOCK_VALUES = 3 * TIME_STRIDE * SPACE_STRIDE * SPACE_STRIDE
BLOCK = "b c (t pt) (h ph) (w pw) -> b t h w (c pt ph pw)"
VIDEO = "(b t) (c pt ph pw) h w -> b c (t pt) (h ph) (w pw)"
SIZES = {"c": 3, "pt": TIME_STRIDE, "ph": SPACE_STRIDE, "pw": SPACE_STRIDE}


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
        """Read what `save` wrote. ValueError: there is no such file."""
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
