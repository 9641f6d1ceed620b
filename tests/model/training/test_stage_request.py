"""What a run folder may ask for, and how mistakes are named."""

import json
from pathlib import Path
from typing import Any

import pytest

from model.contracts import StageConfig
from model.training.checkpoint import Checkpoint
from model.training.stage_request import StageRequest, learning_rate, read_request


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"deepspeed__offload_parameters": True}, "offload_parameters: .*deepspeed.zero_stage=3"),
        ({"deepspeed__zero_stage": 0, "deepspeed__precision": "bf16_autocast"}, "precision: .*deepspeed.zero_stage=1"),
        ({"deepspeed__zero_stage": 0, "deepspeed__offload_optimizer": True}, "deepspeed.offload_optimizer"),
        ({"deepspeed__precision": "fp16"}, "bf16_autocast"),
        ({"deepspeed__processes": 4}, "deepspeed.processes is 4, but 1 were started"),
        ({"training__stage_one__warmup_steps": 12}, r"stage\s.*warmup_steps 12 must be below steps 12: lower it"),
        ({"training__stage_one__lr": 1.0}, "stage.lr"),
    ],
)
def test_mistakes_name_the_key(make_stage: Any, changes: dict[str, Any], message: str) -> None:
    stage = make_stage("mistake", **({"deepspeed__processes": 1} | changes))
    with pytest.raises(ValueError, match=message):
        read_request(stage.folder)


def test_stage_two_needs_a_parent(make_stage: Any) -> None:
    stage = make_stage("no_parent", deepspeed__processes=1)
    inputs = stage.folder.path / "inputs.json"
    inputs.write_text(inputs.read_text().replace("stage_one", "stage_two"))
    with pytest.raises(ValueError, match="stage_two needs stage one's receipt"):
        read_request(stage.folder)


@pytest.fixture
def make_request(make_stage: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    def make(processes: int = 1, **changes: Any) -> StageRequest:
        monkeypatch.setenv("WORLD_SIZE", str(processes))
        return read_request(make_stage("identity", deepspeed__processes=processes, **changes).folder)

    return make


def saved_by(request: StageRequest) -> Checkpoint:
    """A checkpoint's facts as they come back from its JSON."""
    return Checkpoint(Path("step_1"), 1, {"identity": json.loads(json.dumps(request.identity()))})


@pytest.mark.parametrize(
    "changes",
    [
        {"training__log_every_steps": 7, "training__checkpoint_every_steps": 7, "training__keep_checkpoints": 7},
        {"training__activation_checkpointing": True, "training__initial_weights": "elsewhere"},
        {"training__stage_two__learning_rate": 0.5},
        {"processes": 2, "training__micro_batch_per_process": 1, "deepspeed__zero_stage": 3},
        {"tracking__uri": "http://elsewhere"},
    ],
)
def test_what_does_not_decide_lets_a_run_go_on(make_request: Any, changes: dict[str, Any]) -> None:
    make_request(**changes).check_continues(saved_by(make_request()))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"network__dim": 96}, "network.dim"),
        ({"recipe__drop_audio": 0.2, "training__weight_decay": 0.0}, "recipe.drop_audio, training.weight_decay"),
        ({"training__stage_one__learning_rate": 0.5}, "training.stage_one"),
        ({"training__low_rank": {"rank": 2}}, "training.low_rank"),
        ({"deepspeed__precision": "bf16_autocast"}, "deepspeed.precision"),
        ({"training__gradient_accumulation": 2}, "clips per step"),
    ],
)
def test_what_decides_is_named_whichever_side_has_it(make_request: Any, changes: dict[str, Any], named: str) -> None:
    for request, saved in ((make_request(), make_request(**changes)), (make_request(**changes), make_request())):
        with pytest.raises(ValueError, match=f"made with another {named}: start in a new run folder"):
            request.check_continues(saved_by(saved))


def test_a_setting_that_only_the_checkpoint_knows_is_named(make_request: Any) -> None:
    checkpoint = saved_by(make_request())
    checkpoint.facts["identity"]["recipe.new"] = 1
    with pytest.raises(ValueError, match=r"made with another recipe\.new"):
        make_request().check_continues(checkpoint)


def test_learning_rate_warms_up_then_falls_to_its_final_ratio() -> None:
    stage = StageConfig(steps=100, learning_rate=1.0, warmup_steps=10, final_learning_rate_ratio=0.1)
    rates = [learning_rate(stage, step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9] == rates[10] == 1.0
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] == pytest.approx(0.1, abs=1e-3)
