"""What a run folder may ask for, and how mistakes are named."""

from typing import Any

import pytest

from model.contracts import StageConfig
from model.training.stage_request import learning_rate, read_request


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"deepspeed__offload_parameters": True}, "deepspeed.offload_parameters: .*zero_stage=3"),
        ({"deepspeed__zero_stage": 0, "deepspeed__precision": "bf16_autocast"}, "deepspeed.precision: .*zero_stage=1"),
        ({"deepspeed__zero_stage": 0, "deepspeed__offload_optimizer": True}, "deepspeed.offload_optimizer"),
        ({"deepspeed__precision": "fp16"}, "bf16_autocast"),
        ({"deepspeed__processes": 4}, "deepspeed.processes is 4, but 1 were started"),
        ({"training__stage_one__warmup_steps": 12}, "training.stage_one.warmup_steps 12 must be below its steps 12"),
        ({"training__stage_one__lr": 1.0}, "stage_one.lr"),
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


def test_learning_rate_warms_up_then_falls_to_its_final_ratio() -> None:
    stage = StageConfig(steps=100, attention="full", learning_rate=1.0, warmup_steps=10, final_learning_rate_ratio=0.1)
    rates = [learning_rate(stage, step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9] == rates[10] == 1.0
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] == pytest.approx(0.1, abs=1e-3)
