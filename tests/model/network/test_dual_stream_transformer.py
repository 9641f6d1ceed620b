"""Sizes, start, gradients, per-sample behaviour and compilation of the network."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from model.contracts import REGIONS, AttentionMode, NetworkConfig, RecipeConfig
from model.flow_matching import add_noise, joint_loss
from model.network.dual_stream_transformer import DualStreamTransformer


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_tiny_has_about_four_million_parameters(read_network: Any, read_recipe: Any) -> None:
    assert 3.0e6 < _count(DualStreamTransformer(read_network("tiny"), read_recipe("toy"))) < 4.0e6


def test_14b_builds_on_the_meta_device(read_network: Any, read_recipe: Any) -> None:
    network = read_network("wan_s2v_14b")
    plain = read_recipe("released").model_copy(update={"experts": ()})
    with torch.device("meta"):
        backbone = DualStreamTransformer(network, plain, "rgb")
        released = DualStreamTransformer(network, read_recipe("released"), "rgb")
    dim, ffn, layers = 5120, 13824, 40
    attention = 4 * (dim * dim + dim) + 2 * dim
    block = 2 * attention + 2 * dim + 2 * dim * ffn + dim + ffn + 6 * dim
    assert _count(backbone.blocks) == layers * block
    assert 16.0e9 < _count(backbone) < 16.6e9  # 14B family with audio injectors
    experts = 2 * (2 * dim * 256 + dim + 256) + dim * 2560 + 2560 * (1 + 2 + 3) + 3
    assert _count(released) - _count(backbone) == layers * experts


def test_hoi_starts_as_a_copy_and_experts_at_zero(small: NetworkConfig, recipe: RecipeConfig) -> None:
    model = DualStreamTransformer(small, recipe)
    assert torch.equal(model.hoi_patch.project.weight, model.rgb_patch.project.weight)
    assert torch.equal(model.hoi_head.modulation_12D, model.rgb_head.modulation_12D)
    assert model.hoi_type_embedding_1D.abs().max() == 0
    for block in model.blocks:
        assert torch.equal(block.hoi_modulation_16D, block.modulation_16D)
        assert block.experts.output_weight_EDX.abs().max() == 0
        assert block.experts.hidden_weight_EXD.abs().max() > 0


@pytest.mark.parametrize("recipe_name", ["paper", "released", "toy"])
def test_gradient_reaches_every_parameter_in_stage_one(
    small: NetworkConfig, make_inputs: Any, randomized: Any, read_recipe: Any, recipe_name: str
) -> None:
    recipe = read_recipe(recipe_name)
    tiny_options = {"learned_positions": (2, 4, 4), "add_reference_to_target": True, "pooled_text_in_modulation": True}
    network = small.model_copy(update=tiny_options)
    model, inputs = randomized(network, recipe).train(), make_inputs(network, (2, 8, 8))
    sigma = torch.tensor([0.8, 0.3])
    rgb, hoi = (add_noise(x, sigma, inputs.generator) for x in (inputs.rgb, inputs.hoi))
    denoised = model(rgb.noisy_BCThw, 1000 * sigma, inputs.conditions, hoi.noisy_BCThw, "full")
    regions_BN = torch.randint(3, (2, 32), generator=inputs.generator)
    joint_loss(denoised, rgb, hoi, inputs.conditions.person_BC1hw, regions_BN, recipe).total.backward()
    silent = [name for name, p in model.named_parameters() if p.grad is None or p.grad.abs().max() == 0]
    assert silent == []


def test_samples_of_a_batch_do_not_mix(
    small: NetworkConfig, recipe: RecipeConfig, make_inputs: Any, randomized: Any
) -> None:
    """Each sample has its own timestep: experts off above the limit for one, on for the other."""
    model, inputs = randomized(small, recipe), make_inputs(small, (2, 8, 8))
    with torch.inference_mode():
        both = model(inputs.rgb, inputs.timestep, inputs.conditions, inputs.hoi)
        for index in range(2):
            fields = {name: x for name, x in vars(inputs.conditions).items() if isinstance(x, torch.Tensor)}
            one = type(inputs.conditions)(
                **{name: x[index : index + 1] for name, x in fields.items()},
                product_scale=inputs.conditions.product_scale,
            )
            alone = model(
                inputs.rgb[index : index + 1],
                inputs.timestep[index : index + 1],
                one,
                inputs.hoi[index : index + 1],
            )
            torch.testing.assert_close(alone.rgb_BCThw[0], both.rgb_BCThw[index], rtol=1e-4, atol=1e-4)
            torch.testing.assert_close(alone.hoi_BCThw[0], both.hoi_BCThw[index], rtol=1e-4, atol=1e-4)


def test_shared_prompts_are_projected_once(
    small: NetworkConfig, recipe: RecipeConfig, make_inputs: Any, randomized: Any
) -> None:
    small = small.model_copy(update={"pooled_text_in_modulation": True})
    model, inputs = randomized(small, recipe), make_inputs(small, (2, 8, 8), batch=3)
    rows = torch.tensor([1, 0, 1])
    prompts_PLD = inputs.conditions.text_BLD[:2]
    shared = replace(inputs.conditions, text_BLD=prompts_PLD, prompt_of_B=rows)
    spread = replace(inputs.conditions, text_BLD=prompts_PLD[rows])
    projected: list[int] = []
    for part in (model.blocks[0].cross_attention.k, model.blocks[0].cross_attention.v):
        part.register_forward_hook(lambda _module, given, _y: projected.append(given[0].shape[0]))
    with torch.inference_mode():
        once, each = (model(inputs.rgb, inputs.timestep, told).rgb_BCThw for told in (shared, spread))
    assert projected == [2, 2, 3, 3]
    assert (once - each).abs().max() <= 1e-6 * each.abs().max()
    with pytest.raises(ValueError, match=r"conditions\.prompt_of_B has shape \(2,\)"):
        model(inputs.rgb, inputs.timestep, replace(shared, prompt_of_B=rows[:2]))


def test_experts_switch_off_only_where_the_recipe_says_so(
    small: NetworkConfig, recipe: RecipeConfig, make_inputs: Any, randomized: Any
) -> None:
    inputs = make_inputs(small, (2, 8, 8))
    released = recipe.experts_off_above is not None
    assert not recipe.experts_off_unconditional
    recipe = recipe.model_copy(update={"experts_off_unconditional": released})
    model = randomized(small, recipe)

    def rgb(timestep: float, conditional: bool | torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():
            return model(inputs.rgb, torch.full((2,), timestep), inputs.conditions, None, "asymmetric", conditional)

    def without_experts(timestep: float) -> torch.Tensor:
        quiet = randomized(small, recipe)
        for block in quiet.blocks:
            nn.init.zeros_(block.experts.output_weight_EDX)
            nn.init.zeros_(block.experts.output_bias_ED)
        with torch.inference_mode():
            return quiet(inputs.rgb, torch.full((2,), timestep), inputs.conditions).rgb_BCThw

    assert torch.equal(rgb(950.0, True).rgb_BCThw, without_experts(950.0)) is released
    assert torch.equal(rgb(500.0, False).rgb_BCThw, without_experts(500.0)) is released
    assert not torch.equal(rgb(500.0, True).rgb_BCThw, without_experts(500.0))
    mixed = rgb(500.0, torch.tensor([True, False])).rgb_BCThw
    assert torch.equal(mixed[0], rgb(500.0, True).rgb_BCThw[0])
    assert torch.equal(mixed[1], without_experts(500.0)[1]) is released
    assert rgb(950.0, False).router_logits_MBNE.shape == (2, 2, 32, len(REGIONS))


def test_bf16_autocast_stays_close(
    small: NetworkConfig, recipe: RecipeConfig, make_inputs: Any, randomized: Any
) -> None:
    model, inputs = randomized(small, recipe), make_inputs(small, (2, 8, 8))
    with torch.inference_mode():
        wanted = model(inputs.rgb, inputs.timestep, inputs.conditions, inputs.hoi)
        with torch.autocast("cpu", torch.bfloat16):
            ours = model(inputs.rgb, inputs.timestep, inputs.conditions, inputs.hoi)
    for output in ("rgb_BCThw", "hoi_BCThw"):
        error = (getattr(ours, output) - getattr(wanted, output)).std() / getattr(wanted, output).std()
        assert getattr(ours, output).dtype == torch.float32
        assert error < 0.05


@pytest.mark.end_to_end
@pytest.mark.parametrize("mode", ["full", "asymmetric"])
def test_block_compiles_without_a_graph_break(
    small: NetworkConfig, recipe: RecipeConfig, make_inputs: Any, randomized: Any, mode: AttentionMode
) -> None:
    model = randomized(small.model_copy(update={"layers": 1, "audio_injection_layers": []}), recipe).train()
    inputs = make_inputs(model.network, (2, 8, 8))
    wanted = model(inputs.rgb, inputs.timestep, inputs.conditions, inputs.hoi, mode)
    model.blocks[0].compile(fullgraph=True, backend="eager")
    ours = model(inputs.rgb, inputs.timestep, inputs.conditions, inputs.hoi, mode)
    torch.testing.assert_close(ours.rgb_BCThw, wanted.rgb_BCThw)
    torch.testing.assert_close(ours.hoi_BCThw, wanted.hoi_BCThw)
