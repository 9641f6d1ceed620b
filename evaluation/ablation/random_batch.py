"""Random batches of any shape: what something costs does not depend on what it is fed.

Shape legend: see model.network.streams.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from model.contracts import NetworkConfig
from model.network.streams import Conditions

MOTION_FRAMES = 19


@dataclass(frozen=True)
class ClipShape:
    """Size of a clip; pixels per side must be multiples of 16."""

    height_pixels: int
    width_pixels: int
    latent_frames: int  # to denoise
    batch: int = 1

    @property
    def latent_size(self) -> tuple[int, int]:
        """Rows and columns of a latent frame."""
        return self.height_pixels // 8, self.width_pixels // 8


@dataclass(frozen=True)
class Batch:
    """Everything a forward pass of both streams takes."""

    rgb_BCThw: Tensor
    hoi_BCThw: Tensor
    timestep_B: Tensor
    conditions: Conditions


def random_batch(network: NetworkConfig, shape: ClipShape, device: torch.device) -> Batch:
    """Normal noise for every input; with motion where the network takes it."""
    size = (shape.batch, network.latent_channels)

    def latents(frames: int) -> Tensor:
        return torch.randn(*size, frames, *shape.latent_size, device=device)

    text_BLD = torch.randn(shape.batch, network.text_tokens, network.text_dim, device=device)
    conditions = Conditions(
        text_BLD=text_BLD,
        person_BC1hw=latents(1),
        audio_BKAS=torch.randn(
            shape.batch, network.audio_layers, network.audio_dim, 4 * shape.latent_frames, device=device
        ),
        hoi_text_BLD=text_BLD,
        product_BC1hw=latents(1),
        motion_BCFhw=latents(MOTION_FRAMES) if network.motion else None,
    )
    timestep_B = torch.full((shape.batch,), 500.0, device=device)
    return Batch(latents(shape.latent_frames), latents(shape.latent_frames), timestep_B, conditions)
