"""The latent codec: videos to latents and back, stride 8 in space and 4 in time with the first frame alone.

One protocol, one file a codec behind it, in `latent_codecs/`: `wan` is the Wan 2.1 causal VAE (diffusers), `linear` an
embedded one that needs no weights because it is fitted on the training clips. The network cannot tell which one ran.

Shape legend: B batch, C colours or latent channels, T frames (4k + 1 pixel frames, k + 1 latent frames),
H W pixels, h w = H/8 W/8.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

from torch import Tensor

from foundation.clip_format import SPACE_STRIDE as SPACE_STRIDE

TIME_STRIDE = 4
Videos = Callable[[], Iterable[tuple[str, Tensor]]]
"""Called once a pass of fitting; gives (kind, pixels [B,3,4k+1,H,W] in -1..1), for example ("rgb", ...)."""


class LatentCodec(Protocol):
    """What every codec does. Pixels are -1..1, latents have about unit variance over a training set."""

    @property
    def channels(self) -> int:
        """C."""
        ...

    def encode(self, video_BCTHW: Tensor) -> Tensor:
        """Pixels [B,3,4k+1,H,W] in -1..1 to latents [B,C,k+1,H/8,W/8].

        Raises:
            ValueError: the frame count is not 4k + 1, or a side is not a multiple of 8.
        """
        ...

    def decode(self, latents_BCThw: Tensor) -> Tensor:
        """Latents [B,C,k+1,h,w] to pixels [B,3,4k+1,8h,8w], clamped to -1..1."""
        ...


def check_video_shape(video_BCTHW: Tensor) -> None:
    """Refuse what a causal codec would cut silently.

    Raises:
        ValueError: the frame count is not 4k + 1, or a side is not a multiple of 8.
    """
    frames, height, width = video_BCTHW.shape[2:]
    if frames % TIME_STRIDE != 1:
        raise ValueError(f"a causal codec takes 4k + 1 frames (33, 81, ...), got {frames}: cut the clip to that")
    if height % SPACE_STRIDE or width % SPACE_STRIDE:
        raise ValueError(f"a codec of stride {SPACE_STRIDE} cannot take {height}x{width} pixels: use multiples of it")
