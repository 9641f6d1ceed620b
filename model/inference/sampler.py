"""The sampler: from noise to latents by Euler steps along the flow's velocity.

Sigmas run from 1 to 0, shifted towards noise (model.flow_matching.schedule); guidance is model.inference.guidance.
Every clip's noise comes from a seed of its own, so a clip does not depend on its batch.
CoInteract, arXiv 2604.19636: 40 steps, guidance 5, shift 7.

Shape legend: B batch, C latent channels, T latent frames, F latent frames before the clip, H W pixels, h w latent size,
L text tokens, D text width.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from model.artifact.rgb_artifact import LoadedArtifact
from model.conditioning.latent_codec import TIME_STRIDE, LatentCodec
from model.contracts import SamplingConfig
from model.flow_matching import euler_step, schedule
from model.inference.guidance import GuidedVelocity
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.streams import Conditions

Report = Callable[[int, int], None]
"""Called after every step with (steps done, steps in all)."""


def generate_clips(
    artifact: LoadedArtifact, conditions: Conditions, seeds: Sequence[int], report: Report | None = None
) -> Tensor:
    """Clips with the artifact's own sampling settings.

    Args:
        artifact: a loaded one.
        conditions: of B clips, as the encoders gave them (`audio_BKAS` says how long the clips are).
        seeds: one a clip.
        report: progress.

    Returns:
        video_BCTHW fp32 in -1..1, 4T + 1 frames; frame 0 shows the person reference.

    Raises:
        ValueError: shapes that do not fit the network.
    """
    person_BC1hw, motion_BCFhw = conditions.person_BC1hw, conditions.motion_BCFhw
    channels, height, width = person_BC1hw.shape[1], *person_BC1hw.shape[3:]
    shape = (channels, conditions.audio_BKAS.shape[3] // TIME_STRIDE, height, width)
    noise = draw_noise(shape, [torch.Generator().manual_seed(seed) for seed in seeds])
    empty = artifact.empty_text_LD
    latents_BCThw = sample_latents(artifact.network, conditions, empty, artifact.sampling, noise, report)
    before_BCFhw = person_BC1hw if motion_BCFhw is None else motion_BCFhw
    frames_BCTHW = decode_after(artifact.codec, before_BCFhw, latents_BCThw)
    return torch.cat([artifact.codec.decode(person_BC1hw.to(latents_BCThw)), frames_BCTHW], dim=2)


def draw_noise(shape: tuple[int, int, int, int], generators: Sequence[torch.Generator]) -> Tensor:
    """noise_BCThw fp32 on the CPU: clip b of shape C, T, h, w from generators[b], which moves on."""
    return torch.stack([torch.randn(shape, generator=generator) for generator in generators])


@torch.no_grad()
def sample_latents(
    network: DualStreamTransformer,
    conditions: Conditions,
    empty_text_LD: Tensor,
    sampling: SamplingConfig,
    noise_BCThw: Tensor,
    report: Report | None = None,
) -> Tensor:
    """RGB latents [B,C,T,h,w] from noise.

    The network is used as it is: in evaluation mode, on one device; it may be of either kind (`streams` rgb or dual).
    """
    device = next(network.parameters()).device
    velocity = GuidedVelocity(network, _moved(conditions, device), empty_text_LD.to(device), sampling)
    sigmas = schedule(sampling.steps, sampling.sigma_shift).to(device)
    rgb_BCThw = noise_BCThw.to(device)

    for step in range(sampling.steps):
        sigma_B = sigmas[step].expand(rgb_BCThw.shape[0])
        rgb_BCThw = euler_step(rgb_BCThw, velocity(rgb_BCThw, sigma_B), sigmas[step], sigmas[step + 1])
        if report is not None:
            report(step + 1, sampling.steps)
    return rgb_BCThw


def decode_after(codec: LatentCodec, before_BCFhw: Tensor, latents_BCThw: Tensor) -> Tensor:
    """The clip's own 4T frames [B,3,4T,H,W], decoded behind the latents that came before it.

    A causal codec decodes a frame from the ones before it: behind the motion the clip continues the one before.
    """
    joined_BCThw = torch.cat([before_BCFhw.to(latents_BCThw), latents_BCThw], dim=2)
    return codec.decode(joined_BCThw)[:, :, -TIME_STRIDE * latents_BCThw.shape[2] :]


def _moved(conditions: Conditions, device: torch.device) -> Conditions:
    """Every tensor as fp32 on the device (encoded clips are stored as float16)."""
    moved = {
        name: value.to(device, torch.float32) for name, value in vars(conditions).items() if isinstance(value, Tensor)
    }
    return replace(conditions, **moved)
