"""Guidance: one pass of both sides says what two passes say, in every recipe; out of memory, two passes take over."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from model.artifact.export import ArtifactConfigs
from model.contracts import NetworkConfig, RecipeConfig, SamplingConfig
from model.flow_matching import schedule
from model.inference.guidance import GuidedVelocity, distinct_prompts, joined, without_prompt_and_sound
from model.inference.sampler import draw_noise, sample_latents
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.region_experts import RegionExperts
from model.network.streams import Conditions, Denoised

MakeDual = Callable[[NetworkConfig, RecipeConfig], DualStreamTransformer]
EMPTY = torch.zeros(6, 8)
RELEASED = {"experts": ("hand", "head"), "router": "released", "experts_off_unconditional": True}
RECIPES: list[dict[str, object]] = [
    {},
    {"experts_at_inference": "likeliest", "prediction": "velocity"},
    {**RELEASED, "experts_off_above": 0.9, "prediction": "velocity"},
]


def conditions(batch: int) -> Conditions:
    generator = torch.Generator().manual_seed(1)

    def noise(*size: int) -> Tensor:
        return torch.randn(batch, *size, generator=generator)

    return Conditions(noise(6, 8), noise(8, 1, 6, 4), noise(1, 6, 8), product_BC1hw=noise(8, 1, 6, 4))


def noise(batch: int) -> Tensor:
    return draw_noise((8, 2, 6, 4), [torch.Generator().manual_seed(seed) for seed in range(batch)])


def sampled(network: DualStreamTransformer, passes: str, guidance: float = 5) -> Tensor:
    sampling = SamplingConfig.model_validate(
        {"steps": 4, "guidance": guidance, "sigma_shift": 5, "guidance_passes": passes}
    )
    return sample_latents(network, conditions(2), EMPTY, sampling, noise(2))


@pytest.mark.parametrize("change", RECIPES)
def test_one_pass_samples_what_two_passes_do(
    change: dict[str, object], make_dual: MakeDual, configs: ArtifactConfigs
) -> None:
    network = make_dual(configs.network, configs.recipe.model_copy(update=change))
    one, two = sampled(network, "one"), sampled(network, "two")
    torch.testing.assert_close(one, two, atol=2e-4, rtol=2e-4)
    assert not torch.allclose(two, sampled(network, "two", guidance=1), atol=0.1)


def test_only_the_unconditional_side_runs_without_experts(make_dual: MakeDual, configs: ArtifactConfigs) -> None:
    """Changed experts must not reach the unconditional half of the one pass, and must reach the other half."""
    network = make_dual(configs.network, configs.recipe.model_copy(update={**RELEASED, "prediction": "velocity"}))
    told = conditions(2)
    both = joined(told, without_prompt_and_sound(told, EMPTY))
    step, side = torch.full((4,), 500.0), torch.tensor([True, True, False, False])

    def seen() -> Tensor:
        with torch.no_grad():
            return network(noise(2).repeat(2, 1, 1, 1, 1), step, both, conditional=side).rgb_BCThw

    before = seen()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, RegionExperts):
                module.output_bias_ED.add_(1.0)
    after = seen()
    torch.testing.assert_close(before[2:], after[2:])
    assert not torch.allclose(before[:2], after[:2], atol=0.1)


class NoRoom(DualStreamTransformer):
    """A network on an accelerator that holds two clips at once, and not more."""

    def forward(self, rgb_BCThw: Tensor, *told: object, **how: object) -> Denoised:
        if len(rgb_BCThw) > 2:
            raise torch.OutOfMemoryError("2 clips fit")
        return super().forward(rgb_BCThw, *told, **how)  # type: ignore[arg-type]


def test_out_of_memory_the_sides_are_taken_apart(dual: DualStreamTransformer, configs: ArtifactConfigs) -> None:
    small = NoRoom(configs.network, configs.recipe).eval()
    small.load_state_dict(dual.state_dict())
    assert torch.equal(sampled(small, "auto"), sampled(dual, "two"))
    with pytest.raises(torch.OutOfMemoryError):
        sampled(small, "one")


def test_guidance_one_never_asks_the_unconditional_side(dual: DualStreamTransformer) -> None:
    sampling = SamplingConfig(steps=1, guidance=1, sigma_shift=5)
    velocity = GuidedVelocity(dual, conditions(2), EMPTY, sampling)
    with torch.no_grad():
        alone = GuidedVelocity(dual, conditions(2), EMPTY + 3, sampling)(noise(2), torch.ones(2))
        assert torch.equal(velocity(noise(2), torch.ones(2)), alone)  # the empty prompt is never looked at


def test_each_prompt_is_told_once() -> None:
    """Three seeds of one clip: its prompt and the empty one are two rows for six samples."""
    one = conditions(1)
    three = replace(one, **{name: x.expand(3, *x.shape[1:]) for name, x in vars(one).items() if isinstance(x, Tensor)})
    told = distinct_prompts(joined(three, without_prompt_and_sound(three, EMPTY)))
    assert told.text_BLD.shape == (2, 6, 8)
    assert told.prompt_of_B is not None
    spread = told.text_BLD[told.prompt_of_B]
    assert torch.equal(spread, torch.cat((three.text_BLD, EMPTY.expand(3, 6, 8))))


def test_both_sides_are_told_what_the_recipe_says(
    make_dual: MakeDual, configs: ArtifactConfigs, read_recipe: Callable[[str], RecipeConfig]
) -> None:
    """As published: the experts on for both sides of guidance, timesteps rounded to bf16."""
    published = {"experts": ("hand", "head"), "router": "released", "timesteps": "bf16", "prediction": "velocity"}
    network = make_dual(configs.network, configs.recipe.model_copy(update=published))
    steps: list[Tensor] = []
    network.register_forward_pre_hook(lambda _module, given: steps.append(given[1]))
    sampled(network, "two")
    assert len(steps) == 8
    exact = [1000 * float(sigma) for sigma in schedule(4, 5)[:4] for _ in "two"]
    assert [float(step[0]) for step in steps] != exact
    assert all(torch.equal(step, step.bfloat16().float()) for step in steps)
    assert not read_recipe("released").experts_off_unconditional
    assert read_recipe("released").timesteps == "bf16"
