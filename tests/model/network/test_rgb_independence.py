"""Under the asymmetric mask RGB cannot depend on HOI: the same bits whatever the HOI stream holds."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from model.contracts import NetworkConfig, RecipeConfig
from model.network.dual_stream_transformer import DualStreamTransformer
from model.weights.released_keys import is_hoi_key

SHAPES = [(3, 4, 6), (2, 16, 8), (5, 8, 10)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("product", [True, False])
def test_rgb_keeps_its_bits(
    small: NetworkConfig,
    recipe: RecipeConfig,
    make_inputs: Any,
    randomized: Any,
    shape: tuple[int, int, int],
    product: bool,
) -> None:
    network = replace_motion(small, shape)
    model, inputs = randomized(network, recipe), make_inputs(network, shape)
    conditions = inputs.conditions if product else inputs.without("product_BC1hw", "pose_BCThw")
    other_text = torch.full_like(conditions.hoi_text_BLD, float("nan"))
    with torch.inference_mode():
        wanted = model(inputs.rgb, inputs.timestep, conditions, inputs.hoi)
        noise = model(inputs.rgb, inputs.timestep, conditions, torch.randn_like(inputs.hoi))
        nans = model(
            inputs.rgb, inputs.timestep, replace(conditions, hoi_text_BLD=other_text), inputs.hoi * float("nan")
        )
    assert wanted.rgb_BCThw.isfinite().all()
    for other in (noise, nans):
        assert torch.equal(other.rgb_BCThw, wanted.rgb_BCThw)
        assert torch.equal(other.router_logits_MBNE, wanted.router_logits_MBNE)
        assert not torch.equal(other.hoi_BCThw, wanted.hoi_BCThw)


def replace_motion(network: NetworkConfig, shape: tuple[int, int, int]) -> NetworkConfig:
    """FramePack's coarsest patch covers 8 x 8 latents: smaller clips have no motion tokens."""
    return network.model_copy(update={"motion": shape[1] >= 8 and shape[2] >= 8})


def test_full_attention_lets_rgb_see_hoi(
    small: NetworkConfig, recipe: RecipeConfig, make_inputs: Any, randomized: Any
) -> None:
    model, inputs = randomized(small, recipe), make_inputs(small, (2, 8, 8))
    with torch.inference_mode():
        one = model(inputs.rgb, inputs.timestep, inputs.conditions, inputs.hoi, "full")
        two = model(inputs.rgb, inputs.timestep, inputs.conditions, torch.randn_like(inputs.hoi), "full")
    assert not torch.equal(one.rgb_BCThw, two.rgb_BCThw)


@pytest.mark.parametrize("shape", SHAPES)
def test_rgb_only_network_agrees(
    small: NetworkConfig, recipe: RecipeConfig, make_inputs: Any, randomized: Any, shape: tuple[int, int, int]
) -> None:
    network = replace_motion(small, shape)
    dual, inputs = randomized(network, recipe), make_inputs(network, shape)
    alone = DualStreamTransformer(network, recipe, "rgb").eval()
    alone.load_state_dict({key: x for key, x in dual.state_dict().items() if not is_hoi_key(key)})
    with torch.inference_mode():
        wanted = dual(inputs.rgb, inputs.timestep, inputs.conditions, inputs.hoi).rgb_BCThw
        ours = alone(inputs.rgb, inputs.timestep, inputs.without("hoi_text_BLD")).rgb_BCThw
    assert ((ours - wanted).abs().max() / wanted.abs().max()).item() < 1e-6
    with pytest.raises(ValueError, match="streams='rgb'"):
        alone(inputs.rgb, inputs.timestep, inputs.conditions, inputs.hoi)


def test_hoi_sees_rgb_and_only_the_released_recipe_the_product(
    small: NetworkConfig, recipe: RecipeConfig, make_inputs: Any, randomized: Any
) -> None:
    one_block = small.model_copy(update={"layers": 1, "audio_injection_layers": [0]})
    model, inputs = randomized(one_block, recipe), make_inputs(one_block, (2, 8, 8))
    product = replace(inputs.conditions, product_BC1hw=torch.randn_like(inputs.conditions.product_BC1hw))
    person = replace(inputs.conditions, person_BC1hw=torch.randn_like(inputs.conditions.person_BC1hw))
    with torch.inference_mode():
        hoi = [
            model(rgb, inputs.timestep, conditions, inputs.hoi).hoi_BCThw
            for rgb, conditions in (
                (inputs.rgb, inputs.conditions),
                (torch.randn_like(inputs.rgb), inputs.conditions),
                (inputs.rgb, product),
                (inputs.rgb, person),
            )
        ]
    assert not torch.equal(hoi[0], hoi[1])
    assert torch.equal(hoi[0], hoi[2]) is not recipe.hoi_attends_product
    assert torch.equal(hoi[0], hoi[3])
