"""All arms get the same; what two arms have in common is one run; a started one finds what is there."""

from typing import get_args

import pytest
from pydantic import BaseModel

from evaluation.recognisers.receipt import FittedRecognisers
from foundation.fingerprint import deciding
from model.contracts import Ablation, Encoders, TrainingSet
from orchestration.configuration.load_config import PipelineConfig, load_config
from orchestration.steps.ablation_steps import AblationData, arm_config, arm_request, cost_request
from orchestration.steps.model_steps import training_request
from tests.receipts import stage_receipt

SET = TrainingSet(train=(), held_out=(), train_digest="t", held_out_digest="h", digest="d", overlap_allowed=False)
DATA = AblationData(
    encoders=Encoders(folder="f", digest="e", captions={}),
    training_set=SET,
    tools=FittedRecognisers(file=None, hand_locator=None, digest="r", version=1),
)
ARMS = get_args(Ablation)


@pytest.fixture(scope="module")
def config() -> PipelineConfig:
    return load_config()


def differing(one: BaseModel, other: BaseModel) -> set[str]:
    first, second = deciding(one), deciding(other)
    return {f"{section}.{key}" for section in first for key in first[section] if first[section] != second[section]
            and first[section][key] != second[section][key]}  # fmt: skip


@pytest.mark.parametrize(
    ("arm", "fields"),
    [
        ("no_moe", {"network.ffn_dim", "recipe.experts", "training.ablation"}),
        ("no_co_generation", {"training.ablation"}),
        ("no_asymmetric_mask", {"training.ablation"}),
    ],
)
def test_an_arm_differs_from_the_full_method_in_what_it_leaves_out(
    config: PipelineConfig, arm: Ablation, fields: set[str]
) -> None:
    assert differing(arm_config(config, "full", 1), arm_config(config, arm, 1)) == fields


def test_both_stages_follow_the_seed_and_draw_other_noise(config: PipelineConfig) -> None:
    training = arm_config(config, "full", 2).training
    assert (training.stage_one.seed, training.stage_two.seed) == (2, 1002)


def test_every_arm_and_seed_is_a_run_of_its_own_and_a_shared_stage_is_one(config: PipelineConfig) -> None:
    configs = {(arm, seed): arm_config(config, arm, seed) for arm in ARMS for seed in (0, 1)}
    one = {key: training_request(of, SET, None).identity for key, of in configs.items()}
    assert one["full", 0] == one["no_asymmetric_mask", 0]
    assert len(set(one.values())) == 6
    parent = stage_receipt()
    two = {training_request(of, SET, parent).identity for of in configs.values()}
    assert len(two) == 8
    assert training_request(config, SET, None).identity not in one.values(), "never the line's own stage"


def test_an_arm_is_measured_again_only_where_its_weights_or_what_measures_changed(config: PipelineConfig) -> None:
    first, second = (stage_receipt(stage="stage_two", weights_sha256=name) for name in ("a", "b"))
    of = arm_config(config, "full", 0)
    again = arm_request(of, DATA, first).identity
    assert arm_request(of, DATA, first).identity == again
    assert arm_request(of, DATA, second).identity != again
    other = AblationData(DATA.encoders, SET, DATA.tools.model_copy(update={"digest": "other"}))
    assert arm_request(of, other, first).identity != again


def test_the_cost_does_not_depend_on_seeds_of_the_line(config: PipelineConfig) -> None:
    assert cost_request(config).identity == cost_request(load_config(["evaluation.seed=99"])).identity
    assert cost_request(config).identity != cost_request(load_config(["network.ffn_dim=512"])).identity
