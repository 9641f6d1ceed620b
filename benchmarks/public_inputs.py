"""One random sample, given to the public code and to ours; both then noise it alike.

Shape legend: see model.network.streams; N target tokens.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from evaluation.ablation.random_batch import MOTION_FRAMES, ClipShape
from model.contracts import NetworkConfig
from model.flow_matching import Noised
from model.network.streams import TIMESTEPS, Conditions

TIMESTEP_INDEX = 700  # of the public scheduler's thousand
HOI_SEED = 3
SEED = 2


@dataclass(frozen=True)
class PublicInputs:
    """Latents [1,C,...], the noise of RGB (with the reference's frame in front) and every condition."""

    person: Tensor
    rgb: Tensor
    hoi: Tensor
    noise: Tensor
    product: Tensor
    motion: Tensor
    pose: Tensor
    audio: Tensor
    text: Tensor
    hoi_text: Tensor
    regions_N: Tensor  # 0 base, 1 head, 2 hand

    def conditions_of_public(self, dtype: torch.dtype) -> dict[str, Any]:
        """By the names of the public model function."""
        return {
            "context": self.text.to(dtype),
            "audio_embeds": self.audio.to(dtype),
            "motion_latents": self.motion.to(dtype),
            "s2v_pose_latents": self.pose.to(dtype),
            "product_image_latents": self.product.to(dtype),
            "drop_motion_frames": False,
            "depth_context": self.hoi_text.to(dtype),
            "product_image_scale": 1.0,
        }

    def conditions(self, with_hoi: bool) -> Conditions:
        """As ours takes them."""
        return Conditions(
            text_BLD=self.text,
            person_BC1hw=self.person,
            audio_BKAS=self.audio,
            hoi_text_BLD=self.hoi_text if with_hoi else None,
            product_BC1hw=self.product,
            motion_BCFhw=self.motion,
            pose_BCThw=self.pose,
        )

    def noised(self, timestep_B: Tensor) -> tuple[Noised, Noised]:
        """RGB and HOI at this step; the HOI noise is what the public loss draws after its timestep."""
        torch.manual_seed(HOI_SEED)
        torch.randint(TIMESTEP_INDEX, TIMESTEP_INDEX + 1, (1,))
        sigma_B = timestep_B / TIMESTEPS
        return (
            _noised(self.rgb, self.noise[:, :, 1:], sigma_B),
            _noised(self.hoi, torch.randn_like(self.hoi), sigma_B),
        )


def public_inputs(network: NetworkConfig, shape: ClipShape) -> PublicInputs:
    """Normal noise by a fixed seed."""
    generator, frames = torch.Generator().manual_seed(SEED), shape.latent_frames
    rows, columns = shape.latent_size

    def latents(count: int) -> Tensor:
        return torch.randn(1, network.latent_channels, count, rows, columns, generator=generator)

    def text() -> Tensor:
        return torch.randn(1, network.text_tokens, network.text_dim, generator=generator)

    return PublicInputs(
        person=latents(1),
        rgb=latents(frames),
        hoi=latents(frames),
        noise=latents(frames + 1),
        product=latents(1),
        motion=latents(MOTION_FRAMES),
        pose=latents(frames),
        audio=torch.randn(1, network.audio_layers, network.audio_dim, 4 * frames, generator=generator),
        text=text(),
        hoi_text=text(),
        regions_N=torch.randint(3, (frames * (rows // 2) * (columns // 2),), generator=generator),
    )


def _noised(clean: Tensor, noise: Tensor, sigma_B: Tensor) -> Noised:
    sigma = sigma_B[:, None, None, None, None]
    return Noised(clean, noise, (1 - sigma) * clean + sigma * noise, sigma_B)
