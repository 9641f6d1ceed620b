"""Kept at inference, the HOI stream reaches the picture; in every other arm it is not there."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from evaluation.ablation.arm_network import ArmSampler
from evaluation.ablation.both_streams import sample_both_streams
from model.contracts import SamplingConfig
from model.flow_matching import TIMESTEPS, euler_step, schedule, to_velocity
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.streams import Conditions
from tests.evaluation.ablation.conftest import SAMPLING

Noises = tuple[Tensor, Tensor, Tensor]
EMPTY = torch.zeros(5, 8)


def test_the_picture_depends_on_the_hoi_streams_noise(
    both: DualStreamTransformer, conditions: Conditions, noises: Noises
) -> None:
    sampler = ArmSampler(both, True, EMPTY, SAMPLING)
    rgb, hoi, other = noises
    assert not torch.allclose(sampler.latents(conditions, rgb, hoi), sampler.latents(conditions, rgb, other), atol=1e-3)
    alone = ArmSampler(both, False, EMPTY, SAMPLING)
    assert torch.equal(alone.latents(conditions, rgb, hoi), alone.latents(conditions, rgb, other))


@pytest.mark.parametrize("guidance", [1.0, 2.0])
def test_each_side_of_guidance_is_a_pass_of_its_own(
    both: DualStreamTransformer, conditions: Conditions, noises: Noises, guidance: float
) -> None:
    sampling = SamplingConfig(steps=2, guidance=guidance, sigma_shift=3.0)
    rgb, hoi, _ = noises
    wanted = step_by_step(both, conditions, sampling, (rgb, hoi))
    for one, other in zip(sample_both_streams(both, conditions, EMPTY, sampling, (rgb, hoi)), wanted, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def step_by_step(
    network: DualStreamTransformer, conditions: Conditions, sampling: SamplingConfig, pair: tuple[Tensor, Tensor]
) -> tuple[Tensor, Tensor]:
    """The same in as many passes as there are sides; without the prompt neither stream has one, nor sound."""
    empty = EMPTY.expand_as(conditions.text_BLD)
    away = replace(conditions, text_BLD=empty, hoi_text_BLD=empty, audio_BKAS=torch.zeros_like(conditions.audio_BKAS))
    sigmas = schedule(sampling.steps, sampling.sigma_shift)
    for step in range(sampling.steps):
        sigma_B = sigmas[step].expand(2)
        sides: list[list[Tensor]] = []
        for side in (conditions, away):
            output = network(pair[0], TIMESTEPS * sigma_B, side, pair[1], attention="full")
            bases = (side.person_BC1hw, None)
            answers = zip((output.rgb_BCThw, output.hoi_BCThw), pair, bases, strict=True)
            sides.append([to_velocity(x, noisy, sigma_B, network.recipe, base) for x, noisy, base in answers])
        guided = [far + sampling.guidance * (near - far) for near, far in zip(*sides, strict=True)]
        moved = [euler_step(x, v, sigmas[step], sigmas[step + 1]) for x, v in zip(pair, guided, strict=True)]
        pair = (moved[0], moved[1])
    return pair
