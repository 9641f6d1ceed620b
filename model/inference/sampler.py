"""The sampler: flow matching from noise to latents by Euler steps, with classifier-free guidance.

Sigmas run from 1 to 0, shifted towards noise (model.flow_matching.schedule). The unconditional side of guidance gets
the empty prompt and no sound; the recipe says whether its experts are off. Every clip's noise comes from a seed of its
own, so a clip does not depend on its batch. CoInteract, arXiv 2604.19636: 40 steps, guidance 5, shift 7.

Shape legend: B batch, C latent channels, T latent frames, H W pixels, h w latent size, L text tokens, D text width.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from model.contracts import SamplingConfig
from model.flow_matching import TIMESTEPS, euler_step, schedule, to_velocity
from model.inference.rgb_artifact import LoadedArtifact
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
    person_BC1hw = conditions.person_BC1hw
    channels, height, width = person_BC1hw.shape[1], *person_BC1hw.shape[3:]
    noise_BCThw = draw_noise((channels, conditions.audio_BKAS.shape[3] // 4, height, width), seeds)
    empty = artifact.empty_text_LD
    latents_BCThw = sample_latents(artifact.network, conditions, empty, artifact.sampling, noise_BCThw, report)
    return artifact.codec.decode(torch.cat([person_BC1hw.to(latents_BCThw), latents_BCThw], dim=2))


def draw_noise(shape: tuple[int, int, int, int], seeds: Sequence[int]) -> Tensor:
    """noise_BCThw fp32 on the CPU: clip b of shape C, T, h, w from seeds[b]."""
    return torch.stack([torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds])


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
    Guidance 1 needs no unconditional side and runs the network once a step.
    """
    device = next(network.parameters()).device
    conditions = _moved(conditions, device)
    unconditional = without_prompt_and_sound(conditions, empty_text_LD.to(device))
    sigmas = schedule(sampling.steps, sampling.sigma_shift).to(device)
    rgb_BCThw = noise_BCThw.to(device)

    for step in range(sampling.steps):
        sigma_B = sigmas[step].expand(rgb_BCThw.shape[0])
        velocity = _velocity(network, rgb_BCThw, sigma_B, conditions, conditional=True)
        if sampling.guidance != 1:
            away = _velocity(network, rgb_BCThw, sigma_B, unconditional, conditional=False)
            velocity = away + sampling.guidance * (velocity - away)
        rgb_BCThw = euler_step(rgb_BCThw, velocity, sigmas[step], sigmas[step + 1])
        if report is not None:
            report(step + 1, sampling.steps)
    return rgb_BCThw


def without_prompt_and_sound(conditions: Conditions, empty_text_LD: Tensor) -> Conditions:
    """The unconditional side: empty prompt, zeros for sound; references, motion and pose stay."""
    text_BLD = empty_text_LD.to(conditions.text_BLD).expand_as(conditions.text_BLD)
    return replace(conditions, text_BLD=text_BLD, audio_BKAS=torch.zeros_like(conditions.audio_BKAS))


def _velocity(
    network: DualStreamTransformer, rgb_BCThw: Tensor, sigma_B: Tensor, conditions: Conditions, conditional: bool
) -> Tensor:
    output = network(rgb_BCThw, TIMESTEPS * sigma_B, conditions, conditional=conditional).rgb_BCThw
    return to_velocity(output.float(), rgb_BCThw, sigma_B, network.recipe, conditions.person_BC1hw)


def _moved(conditions: Conditions, device: torch.device) -> Conditions:
    """Every tensor as fp32 on the device (encoded clips are stored as float16)."""
    moved = {
        name: value.to(device, torch.float32) for name, value in vars(conditions).items() if isinstance(value, Tensor)
    }
    return replace(conditions, **moved)
