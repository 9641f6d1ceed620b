"""What is counted is what runs: widths, streams and masks cost as much as they must."""

from collections.abc import Callable

import pytest
import torch

from evaluation.ablation.contracts import ARMS, REFERENCE
from evaluation.ablation.cost import Contender, clip_seconds, contenders, inference_flops, inference_parameters
from evaluation.ablation.cost import training_flops as flops_of_training
from evaluation.ablation.random_batch import ClipShape
from evaluation.ablation.turns import interleaved_seconds
from model.contracts import NetworkConfig, RecipeConfig
from tests.evaluation.ablation.conftest import SAMPLING

SHAPE = ClipShape(64, 64, 2)


@pytest.fixture
def several(plain: NetworkConfig, read_recipe: Callable[[str], RecipeConfig]) -> dict[str, Contender]:
    return {one.name: one for one in contenders(list(ARMS), plain, read_recipe("toy"))}


def test_the_reference_comes_first_and_every_arm_is_there(several: dict[str, Contender]) -> None:
    assert list(several) == [REFERENCE, *ARMS]


def test_the_rgb_stream_alone_costs_the_same_however_it_was_trained(several: dict[str, Contender]) -> None:
    flops = {name: inference_flops(one, SHAPE) for name, one in several.items()}
    assert flops["full"] == flops["no_co_generation"]
    assert flops[REFERENCE] < flops["full"] < flops["no_asymmetric_mask"]
    assert flops[REFERENCE] < flops["no_moe"]
    assert inference_parameters(several["full"]) == inference_parameters(several["no_co_generation"])
    assert inference_parameters(several["full"]) < inference_parameters(several["no_asymmetric_mask"])


def test_the_hoi_stream_in_training_is_what_co_generation_costs(several: dict[str, Contender]) -> None:
    flops = {name: flops_of_training(one, SHAPE) for name, one in several.items()}
    assert 1.3 < flops["full"] / flops["no_co_generation"] < 3
    assert flops["full"] < flops["no_asymmetric_mask"]
    assert flops["full"] > 2 * inference_flops(several["full"], SHAPE)


def test_every_arm_can_be_timed(several: dict[str, Contender]) -> None:
    seconds = clip_seconds(list(several.values()), SHAPE, SAMPLING, rounds=1)
    assert set(seconds) == set(several)
    assert all(value > 0 for value in seconds.values())


def test_contenders_take_turns_and_the_first_turn_is_a_warm_up() -> None:
    order: list[str] = []
    runs = {name: lambda name=name: order.append(name) for name in "ab"}
    assert set(interleaved_seconds(runs, 2, torch.device("cpu"))) == {"a", "b"}
    assert order == ["a", "b"] * 3
