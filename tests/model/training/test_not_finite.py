"""NaN and infinity stop a run before the update, on all processes together, and are never saved."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from foundation.child_process import child_environment
from tests.model.training.conftest import REPOSITORY, Stage, stage_config, write_encoded

pytestmark = pytest.mark.end_to_end
ONE: dict[str, Any] = {"deepspeed__processes": 1, "training__micro_batch_per_process": 4}


def assert_nothing_bad_was_saved(stage: Stage) -> None:
    assert stage.folder.result() is None
    assert not (stage.folder.path / "model.safetensors").exists()
    for file in stage.folder.path.glob("checkpoints/*/*.safetensors"):
        assert all(tensor.isfinite().all() for tensor in load_file(file).values()), file


@pytest.mark.parametrize("field", ["audio_KAS", "rgb_CThw"])
def test_a_broken_clip_on_one_process_stops_both_and_is_named(tmp_path: Path, field: str) -> None:
    batch = write_encoded(tmp_path / "datasets/encoded/broken", 8, broken={field: float("nan")})
    changes = {"recipe__drop_audio": 0.0, "training__checkpoint_every_steps": 1}
    stage = Stage(tmp_path, "broken", batch, None, stage_config(**changes))
    code, output = stage.run()
    assert code != 0
    words = [line for line in output.splitlines() if line.startswith("error: stage_one step ")]
    assert len(words) == 1, output
    assert "the loss is not finite (total nan" in words[0]
    assert "clip_5" in words[0]
    assert "of clip_5 holds NaN or infinity: encode these clips again" in words[0]
    assert "the weights were not updated. The last good checkpoint is " in words[0]
    assert "Lower training.stage_one.learning_rate (0.003) or training.gradient_clip (1)" in words[0]
    assert_nothing_bad_was_saved(stage)


@pytest.mark.parametrize("spread", [{**ONE, "deepspeed__zero_stage": 0}, {}], ids=["one process", "two processes"])
def test_a_loss_that_overflows_stops_before_a_bad_checkpoint(tmp_path: Path, spread: dict[str, Any]) -> None:
    """What goes in is finite, its square is not."""
    batch = write_encoded(tmp_path / "datasets/encoded/loud", 8, broken={"rgb_CThw": 1e25})
    stage = Stage(tmp_path, "loud", batch, None, stage_config(**spread, training__checkpoint_every_steps=1))
    code, output = stage.run()
    assert code != 0
    assert "Lower training.stage_one.learning_rate (0.003)" in output
    assert "clip_5" in output
    assert_nothing_bad_was_saved(stage)


ENGINES = """
import sys
import torch
from torch import nn
from model.contracts import DeepSpeedConfig, TrainingOptions
from model.training.deepspeed_engine import Engine, Processes

stage = int(sys.argv[1])
options = TrainingOptions(micro_batch_per_process=1, weight_decay=0, gradient_clip=1.0, checkpoint_every_steps=1)
config = DeepSpeedConfig(processes=1, zero_stage=stage, precision="fp32")
network = nn.Linear(4, 1)
engine = Engine(network, Processes(), config, options)

def step(loss):
    engine.backward(loss)
    return engine.step(0.1)

def weights():
    return [tensor.clone() for tensor in engine.full_weights().values()]

x = torch.ones(1, 4)
assert step(engine.network(x).sum()), "a good step"
before = weights()
assert not step((engine.network(x).sum() * 0).sqrt()), "the loss is 0, its gradient infinite"
assert all(torch.equal(a, b) for a, b in zip(before, weights())), "nothing was updated"
assert engine.is_finite()
print("fine")
"""


@pytest.mark.parametrize("zero_stage", [0, 1, 2, 3])
def test_gradients_that_are_not_finite_update_nothing(zero_stage: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ENGINES, str(zero_stage)],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env=child_environment(OMP_NUM_THREADS="1"),
        check=False,
    )
    assert done.stdout.endswith("fine\n"), done.stderr
