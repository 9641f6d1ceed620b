"""Without MoE a block has one plain feed-forward and as many parameters as before."""

from collections.abc import Callable
from typing import get_args

import pytest
import torch

from evaluation.ablation.arms import arm_network, expert_parameters, without_experts
from model.contracts import Ablation, NetworkConfig, RecipeConfig
from model.network.dual_stream_transformer import DualStreamTransformer


def parameters(network: NetworkConfig, recipe: RecipeConfig) -> int:
    with torch.device("meta"):
        return sum(weight.numel() for weight in DualStreamTransformer(network, recipe).parameters())


@pytest.mark.parametrize("name", ["paper", "released", "toy"])
def test_the_count_is_the_networks_own(
    name: str, small: NetworkConfig, read_recipe: Callable[[str], RecipeConfig]
) -> None:
    recipe = read_recipe(name)
    fewer = parameters(small, recipe) - parameters(small, without_experts(recipe))
    assert small.layers * expert_parameters(small, recipe) == fewer


@pytest.mark.parametrize("name", ["tiny", "wan_s2v_14b"])
def test_the_plain_feed_forward_has_the_parameters_of_the_experts(
    name: str, read_network: Callable[[str], NetworkConfig], read_recipe: Callable[[str], RecipeConfig]
) -> None:
    network, recipe = read_network(name), read_recipe("paper")
    plain, without = arm_network("no_moe", network, recipe)
    assert without.experts == ()
    assert abs(parameters(plain, without) - parameters(network, recipe)) <= network.layers * (network.dim + 1)


def test_no_other_arm_changes_the_network(small: NetworkConfig, read_recipe: Callable[[str], RecipeConfig]) -> None:
    recipe = read_recipe("toy")
    for arm in get_args(Ablation):
        assert (arm_network(arm, small, recipe) == (small, recipe)) == (arm != "no_moe")


def test_a_recipe_without_experts_needs_no_widening(
    small: NetworkConfig, read_recipe: Callable[[str], RecipeConfig]
) -> None:
    recipe = without_experts(read_recipe("toy"))
    assert arm_network("no_moe", small, recipe) == (small, recipe)
