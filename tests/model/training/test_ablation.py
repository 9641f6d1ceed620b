"""An arm of an ablation is trained by the one loop, and without co-generation the HOI stream is nowhere in it."""

from dataclasses import replace
from typing import Any, get_args

import pytest
import torch
from safetensors.torch import load_file

from model.contracts import Ablation, EncodedBatch, StageTraining, TrainingConfig
from model.training.clip_dataset import ClipDataset, Place
from model.training.determinism import make_repeatable
from model.training.first_weights import network_to_train
from model.training.stage_loss import batch_loss, noised_streams
from model.training.stage_request import StageRequest, read_request
from tests.model.training.conftest import stage_config


def training(ablation: Ablation | None) -> TrainingConfig:
    return TrainingConfig.model_validate({**stage_config()["training"], "ablation": ablation})


def request_of(make_stage: Any, name: str, **changes: Any) -> StageRequest:
    return read_request(make_stage(name, deepspeed__processes=1, **changes).folder)


@pytest.mark.parametrize("arm", get_args(Ablation))
def test_every_arm_is_marked_in_both_stages(arm: Ablation) -> None:
    stages = [training(arm).of_stage(name) for name in ("stage_one", "stage_two")]
    assert all(stage.ablation is not None for stage in stages)
    assert stages[1].ablation == arm


def test_only_the_arm_without_the_mask_attends_fully_in_stage_two() -> None:
    attention = {arm: training(arm).of_stage("stage_two").attention for arm in (None, *get_args(Ablation))}
    assert [arm for arm, mode in attention.items() if mode == "full"] == ["no_asymmetric_mask"]


def test_the_arm_without_the_mask_shares_stage_one_with_the_full_method() -> None:
    assert training("no_asymmetric_mask").of_stage("stage_one") == training("full").of_stage("stage_one")


def test_only_the_arm_without_co_generation_has_one_stream() -> None:
    one_stream = [arm for arm in (None, *get_args(Ablation)) if not of(arm).co_generation]
    assert one_stream == ["no_co_generation"]


def of(arm: Ablation | None) -> StageTraining:
    return training(arm).of_stage("stage_two")


def test_given_weights_may_hold_an_hoi_stream() -> None:
    values = {**stage_config()["training"], "ablation": "no_co_generation", "initial_weights": "a/model.safetensors"}
    with pytest.raises(ValueError, match=r"no_co_generation has no HOI stream.*set initial_weights=null"):
        TrainingConfig.model_validate(values)


def test_without_co_generation_every_weight_is_of_the_rgb_stream_and_learns(
    make_stage: Any, encoded: EncodedBatch
) -> None:
    request = request_of(make_stage, "alone", training__ablation="no_co_generation")
    network = network_to_train(request, None)
    assert not any("hoi_" in name for name in network.state_dict())
    whole = ClipDataset([encoded], request.recipe, False, 0).batch(Place(0, 0, range(2)), 2)
    batch = replace(whole, hoi_BCThw=None, conditions=replace(whole.conditions, hoi_text_BLD=None))
    losses = batch_loss(network, batch, request.recipe, "full", 0)
    losses.total.backward()
    assert losses.hoi == 0
    assert [name for name, weight in network.named_parameters() if weight.grad is None] == []


def test_the_rgb_stream_starts_with_the_weights_it_has_beside_the_other(make_stage: Any) -> None:
    alone = request_of(make_stage, "start_alone", training__ablation="no_co_generation")
    beside = request_of(make_stage, "start_beside", training__ablation="full")
    drawn: list[dict[str, torch.Tensor]] = []
    for request in (alone, beside):
        make_repeatable(request.stage.seed)
        drawn.append(network_to_train(request, None).state_dict())
    assert all(torch.equal(weight, drawn[1][name]) for name, weight in drawn[0].items())


def test_the_rgb_stream_is_noised_as_beside_the_other(make_stage: Any, encoded: EncodedBatch) -> None:
    request = request_of(make_stage, "noise")
    batch = ClipDataset([encoded], request.recipe, False, 0).batch(Place(3, 0, range(1)), 1)
    beside, hoi = noised_streams(batch, request.recipe, 0)
    alone, none = noised_streams(replace(batch, hoi_BCThw=None), request.recipe, 0)
    assert hoi is not None
    assert none is None
    assert torch.equal(alone.noisy_BCThw, beside.noisy_BCThw)


@pytest.mark.end_to_end
def test_the_real_command_trains_it_and_says_what_it_is(make_stage: Any) -> None:
    stage = make_stage("arm", deepspeed__processes=1, training__ablation="no_co_generation")
    code, output = stage.run()
    assert code == 0, output
    result = stage.result()
    assert result["ablation"] == "no_co_generation"
    assert result["final_losses"]["hoi"] == 0
    assert not any("hoi_" in name for name in load_file(stage.root / result["weights"]))
