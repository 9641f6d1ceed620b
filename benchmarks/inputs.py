"""Random batches of any shape for the benchmarks.

Shape legend: see model.network.streams.
"""

import json
from dataclasses import dataclass

import torch
from torch import Tensor

from model.contracts import NetworkConfig
from model.network.streams import Conditions
from model.presets import network_preset

MOTION_FRAMES = 19
# Wan2.2-S2V-14B in small: the same head size and, at 256x256 and 6 latent frames, about the same ratios of tokens, FFN,
# experts, text and sound to the width
SCALE_MODEL = NetworkConfig(
    dim=384,
    ffn_dim=1024,
    layers=3,
    heads=3,
    text_dim=256,
    text_tokens=32,
    audio_dim=64,
    audio_layers=3,
    audio_injection_layers=[1],
    expert_dim=32,
)


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


def bench_network(name: str, changes: list[str]) -> NetworkConfig:
    """The scale model or a preset of conf/network, with changes such as `dim=768`; ValueError names an unknown one."""
    network = SCALE_MODEL if name == "scale_model" else network_preset(name)
    values = dict(change.split("=", maxsplit=1) for change in changes)
    unknown = sorted(values.keys() - NetworkConfig.model_fields.keys())
    if unknown:
        raise ValueError(f"--set {unknown[0]}: no such field; there are {', '.join(NetworkConfig.model_fields)}")
    return NetworkConfig.model_validate({**network.model_dump(), **{key: json.loads(x) for key, x in values.items()}})


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
