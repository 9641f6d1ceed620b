"""The mixture of experts against its definition, one token and one expert at a time."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from model.contracts import REGIONS, NetworkConfig, RecipeConfig
from model.network.region_experts import RegionExperts


def _experts(network: NetworkConfig, recipe: RecipeConfig) -> RegionExperts:
    torch.manual_seed(0)
    experts = RegionExperts(network, recipe)
    for parameter in experts.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return experts


def _expert(experts: RegionExperts, index: int, x_D: Tensor) -> Tensor:
    hidden = experts.hidden_weight_EXD[index] @ x_D + experts.hidden_bias_EX[index]
    return experts.output_weight_EDX[index] @ F.gelu(hidden, approximate="tanh") + experts.output_bias_ED[index]


def test_weighs_every_expert_by_its_regions_probability(small: NetworkConfig, recipe: RecipeConfig) -> None:
    experts, x_BND = _experts(small, recipe), torch.randn(2, 3, small.dim)
    logits_BNR = experts.route(x_BND)
    got = experts(x_BND, logits_BNR, torch.tensor([1.0, 0.0]))
    for token in range(3):
        share = logits_BNR[0, token].softmax(-1)
        wanted = sum(
            share[REGIONS.index(name)] * _expert(experts, index, x_BND[0, token])
            for index, name in enumerate(recipe.experts)
        )
        torch.testing.assert_close(got[0, token], wanted, rtol=1e-4, atol=1e-5)
    assert got[1].abs().max() == 0


def test_runs_only_the_likeliest_expert_at_inference(small: NetworkConfig, recipe: RecipeConfig) -> None:
    likeliest = recipe.model_copy(update={"experts_at_inference": "likeliest"})
    experts, x_BND = _experts(small, likeliest).eval(), torch.randn(2, 5, small.dim)
    logits_BNR = torch.eye(3)[torch.tensor([[0, 1, 2, 0, 1], [2, 2, 1, 0, 0]])] * 3
    got = experts(x_BND, logits_BNR, torch.ones(2))
    probability = logits_BNR[0, 0].softmax(-1).max()
    for sample, token in ((0, 0), (0, 1), (1, 0)):
        name = REGIONS[int(logits_BNR[sample, token].argmax())]
        wanted = torch.zeros(small.dim)
        if name in recipe.experts:  # the released base region has no expert
            wanted = probability * _expert(experts, recipe.experts.index(name), x_BND[sample, token])
        torch.testing.assert_close(got[sample, token], wanted, rtol=1e-4, atol=1e-5)
    trained = experts.train()(x_BND, logits_BNR, torch.ones(2))
    assert not torch.allclose(trained, got)


def test_router_learns_without_touching_what_it_reads(small: NetworkConfig, recipe: RecipeConfig) -> None:
    experts, x_BND = _experts(small, recipe), torch.randn(1, 4, small.dim, requires_grad=True)
    experts.route(x_BND).sum().backward()
    assert x_BND.grad is None
    assert all(parameter.grad is not None for parameter in experts.router.parameters())


@pytest.mark.parametrize(("name", "kinds"), [("paper", 3), ("released", 2)])
def test_recipes_have_their_experts(small: NetworkConfig, read_recipe: Any, name: str, kinds: int) -> None:
    assert RegionExperts(small, read_recipe(name)).hidden_bias_EX.shape == (kinds, small.expert_dim)
