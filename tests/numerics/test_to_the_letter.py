"""The network against the literal forward pass of conftest.py: widths, depths and shapes without a golden file.

Shape legend: C latent channels, T latent frames, h w latent height and width.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch import Tensor

from model.contracts import NetworkConfig, RecipeConfig
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.streams import Conditions
from model.weights.released_keys import ROUTER_ROWS

CONF = Path(__file__).parents[2] / "conf/recipe"
TOLERANCE = 1e-5  # of an output's standard deviation

CASES: dict[str, tuple[dict[str, Any], tuple[int, int, int], tuple[str, ...], float]] = {
    "as in the golden file": ({}, (2, 8, 8), (), 500.0),
    "one frame": ({}, (1, 8, 8), (), 700.0),
    "odd token rows and columns": ({}, (3, 10, 14), (), 120.0),
    "one layer": ({"layers": 1, "audio_injection_layers": [0]}, (2, 8, 12), (), 950.0),
    "no product": ({}, (2, 10, 8), ("product_BC1hw",), 899.0),
    "nothing optional": ({}, (2, 6, 4), ("product_BC1hw", "pose_BCThw", "motion_BCFhw"), 0.0),
    "heads of 48": ({"dim": 144, "heads": 3, "ffn_dim": 200, "expert_dim": 20}, (2, 8, 8), (), 333.0),
    "heads of 96, one head": ({"dim": 96, "heads": 1, "patch": (1, 2, 2)}, (1, 16, 8), (), 640.0),
    "no sound injected": ({"layers": 3, "audio_injection_layers": []}, (2, 8, 8), ("pose_BCThw",), 990.0),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("recipe_name", ["paper", "released"])
def test_agrees_with_a_literal_forward_pass(
    recipe_name: str, name: str, small: NetworkConfig, literal_forward: Callable[..., dict[str, Tensor]]
) -> None:
    changes, shape, absent, t = CASES[name]
    network = small.model_copy(update=changes)
    recipe = RecipeConfig.model_validate(yaml.safe_load((CONF / f"{recipe_name}.yaml").read_text()))
    recipe = recipe.model_copy(update={"experts_at_inference": "all"})
    model, conditions, rgb, hoi = _random(network, recipe, shape, absent)
    for full, stream in ((False, hoi), (True, hoi), (False, None)):
        with torch.inference_mode():
            ours = model(rgb, torch.tensor([t]), conditions, stream, "full" if full else "asymmetric")
            wanted = literal_forward(model, recipe, conditions, rgb, stream, t=t, full=full)
        found = {f"router.{i}": x[..., ROUTER_ROWS] for i, x in enumerate(ours.router_logits_MBNE)}
        found |= {"rgb": ours.rgb_BCThw} | ({} if ours.hoi_BCThw is None else {"hoi": ours.hoi_BCThw})
        assert found.keys() == wanted.keys()
        for output, x in found.items():
            assert (x - wanted[output]).abs().max() / wanted[output].std() <= TOLERANCE, (output, full)


def _random(
    network: NetworkConfig, recipe: RecipeConfig, shape: tuple[int, int, int], absent: tuple[str, ...]
) -> tuple[DualStreamTransformer, Conditions, Tensor, Tensor]:
    torch.manual_seed(0)
    model = DualStreamTransformer(network, recipe).eval()
    for parameter in model.parameters():
        parameter.data.add_(torch.randn_like(parameter) * 0.1)
    frames, height, width = shape
    normal: Callable[..., Tensor] = torch.randn

    def latents(count: int) -> Tensor:
        return normal(1, network.latent_channels, count, height, width)

    conditions = Conditions(
        text_BLD=normal(1, network.text_tokens, network.text_dim),
        person_BC1hw=latents(1),
        audio_BKAS=normal(1, network.audio_layers, network.audio_dim, 4 * frames),
        hoi_text_BLD=normal(1, network.text_tokens + 2, network.text_dim),
        product_BC1hw=latents(1),
        product_scale=0.6,
        motion_BCFhw=latents(11),
        pose_BCThw=latents(frames),
    )
    return model, replace(conditions, **dict.fromkeys(absent)), latents(frames), latents(frames)
