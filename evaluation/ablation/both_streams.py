"""Sample with the HOI stream kept: what a model without the asymmetric mask needs, whose RGB side looks at it.

Both streams start from noise of their own and are denoised together, under the same guidance. Nothing that ships does
this (CoInteract, arXiv 2604.19636, sec. 3.4 and its ablation without the asymmetric mask).

Shape legend: B batch, C latent channels, T latent frames, h w latent size, L text tokens, D text width.
"""

import itertools
from dataclasses import replace

import torch
from torch import Tensor

from model.contracts import SamplingConfig
from model.flow_matching import euler_step, schedule, timesteps_of, to_velocity
from model.inference.guidance import joined, without_prompt_and_sound
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.stored_precision import computing_in
from model.network.streams import Conditions

Pair = tuple[Tensor, Tensor]
"""RGB and HOI, [B,C,T,h,w] each."""


@torch.no_grad()
def sample_both_streams(
    network: DualStreamTransformer, conditions: Conditions, empty_text_LD: Tensor, sampling: SamplingConfig, noise: Pair
) -> Pair:
    """Latents of both streams from their noise.

    Args:
        network: of both streams, in evaluation mode.
        conditions: fp32, on the network's device, with the HOI stream's text.
        empty_text_LD: the encoded empty prompt; without guidance's prompt the HOI stream has none either, as in
            training.
        sampling: steps, shift and guidance.
        noise: on the network's device.
    """
    away = without_prompt_and_sound(conditions, empty_text_LD)
    away = replace(away, hoi_text_BLD=away.text_BLD)
    sides = conditions if sampling.guidance == 1 else joined(conditions, away)
    sigmas = schedule(sampling.steps, sampling.sigma_shift).to(noise[0].device)
    rgb_BCThw, hoi_BCThw = noise
    for sigma, following in itertools.pairwise(sigmas):
        with computing_in(sampling.precision, network):
            rgb_v, hoi_v = _velocities(network, sides, (rgb_BCThw, hoi_BCThw), sigma, sampling.guidance)
        rgb_BCThw = euler_step(rgb_BCThw, rgb_v, sigma, following)
        hoi_BCThw = euler_step(hoi_BCThw, hoi_v, sigma, following)
    return rgb_BCThw, hoi_BCThw


def _velocities(network: DualStreamTransformer, sides: Conditions, noisy: Pair, sigma: Tensor, guidance: float) -> Pair:
    """Guided velocities of both streams; `sides` holds the conditional clips and, with guidance, the others."""
    clips = len(noisy[0])
    repeats = len(sides.person_BC1hw) // clips
    rgb, hoi = (x_BCThw.repeat(repeats, 1, 1, 1, 1) for x_BCThw in noisy)
    sigma_B = sigma.expand(len(rgb))
    conditional = torch.arange(len(rgb), device=rgb.device) < clips
    output = network(rgb, timesteps_of(sigma_B, network.recipe), sides, hoi, attention="full", conditional=conditional)
    assert output.hoi_BCThw is not None
    recipe = network.recipe
    rgb_v = to_velocity(output.rgb_BCThw.float(), rgb, sigma_B, recipe, sides.person_BC1hw)
    hoi_v = to_velocity(output.hoi_BCThw.float(), hoi, sigma_B, recipe, None)
    return _guided(rgb_v, clips, guidance), _guided(hoi_v, clips, guidance)


def _guided(velocity_BCThw: Tensor, clips: int, guidance: float) -> Tensor:
    towards, away = velocity_BCThw[:clips], velocity_BCThw[-clips:]
    return towards if guidance == 1 else away + guidance * (towards - away)
