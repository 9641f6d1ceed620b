"""The real latent codec: the Wan 2.1 causal video VAE, diffusers' `AutoencoderKLWan`, from a local folder.

Latents are the mode of the posterior, shifted and scaled by the model's own `latents_mean` and `latents_std`, as in
every Wan pipeline. Frame counts other than 4k + 1 are refused: diffusers would cut them silently.

Shape legend: B batch, C colours or latent channels, T frames, H W pixels, h w = H/8 W/8.
"""

from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from torch import Tensor

from model.conditioning.given_weights import weights_folder
from model.conditioning.latent_codec import check_video_shape
from model.contracts import LatentCodecConfig

NEEDS_WEIGHTS = True


def build(config: LatentCodecConfig, folder: Path, device: str) -> "WanCodec":
    """The VAE in `config.weights`."""
    return WanCodec.load(weights_folder("latent_codec", config.weights), device)


class WanCodec:
    """Runs one clip at a time: the VAE keeps a cache of past frames and its memory grows with the batch."""

    def __init__(self, vae: Any) -> None:
        self.vae = vae.eval().requires_grad_(False)
        self.channels: int = vae.config.z_dim
        shape = (1, self.channels, 1, 1, 1)
        self.mean_1C111 = torch.tensor(vae.config.latents_mean, device=vae.device).view(shape)
        self.std_1C111 = torch.tensor(vae.config.latents_std, device=vae.device).view(shape)

    @classmethod
    def load(cls, folder: Path, device: str) -> "WanCodec":
        """From a folder that `save_pretrained` wrote."""
        vae: Any = AutoencoderKLWan.from_pretrained(folder, local_files_only=True, use_safetensors=True)
        return cls(vae.to(device))

    @torch.no_grad()
    def encode(self, video_BCTHW: Tensor) -> Tensor:
        """Pixels [B,3,4k+1,H,W] in -1..1 to latents [B,C,k+1,H/8,W/8]. ValueError: another frame count or size."""
        check_video_shape(video_BCTHW)
        clips = [self.vae.encode(clip_1CTHW).latent_dist.mode() for clip_1CTHW in self._take(video_BCTHW).split(1)]
        return ((torch.cat(clips) - self.mean_1C111) / self.std_1C111).to(video_BCTHW.device)

    @torch.no_grad()
    def decode(self, latents_BCThw: Tensor) -> Tensor:
        """Latents [B,C,k+1,h,w] to pixels [B,3,4k+1,8h,8w], clamped to -1..1."""
        raw_BCThw = self._take(latents_BCThw) * self.std_1C111 + self.mean_1C111
        clips = [self.vae.decode(clip_1CThw).sample for clip_1CThw in raw_BCThw.split(1)]
        return torch.cat(clips).clamp(-1, 1).to(latents_BCThw.device)

    def _take(self, x_BCTHW: Tensor) -> Tensor:
        return x_BCTHW.to(self.vae.device, self.vae.dtype)
