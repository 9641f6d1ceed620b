"""The real command in real processes: it learns, agrees with itself at any process count, and survives its end."""

import shutil
import signal
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

pytestmark = pytest.mark.end_to_end


@pytest.fixture(scope="module")
def uninterrupted(make_stage: Any) -> Any:
    """Stage one on two processes under ZeRO-2, start to end."""
    stage = make_stage("uninterrupted")
    code, output = stage.run()
    assert code == 0, output
    return stage, output


def test_learns_and_leaves_its_receipt(uninterrupted: Any) -> None:
    stage, output = uninterrupted
    losses, result = stage.losses(output), stage.result()
    assert sum(losses[-3:]) < 0.8 * sum(losses[:3])
    assert result["steps"] == 12
    assert set(result["final_losses"]) == {"total", "rgb", "hoi", "route"}
    for file in (result["weights"], result["loss_curve"], "runs/uninterrupted/network.json"):
        assert (stage.root / file).stat().st_size > 0
    weights = load_file(stage.root / result["weights"])
    assert {tensor.dtype for tensor in weights.values()} == {torch.float32}
    assert any(name.startswith("hoi_") for name in weights)


def test_one_process_has_the_same_losses_as_two(uninterrupted: Any, make_stage: Any) -> None:
    alone = make_stage("alone", deepspeed__processes=1, training__micro_batch_per_process=4)
    code, output = alone.run()
    assert code == 0, output
    torch.testing.assert_close(
        torch.tensor(alone.exact_losses()), torch.tensor(uninterrupted[0].exact_losses()), atol=1e-5, rtol=0
    )


def test_killed_and_damaged_it_resumes_bit_for_bit(uninterrupted: Any, make_stage: Any) -> None:
    stage = make_stage("killed")
    child = stage.start()
    stage.wait_for(child, "progress 9/12")
    stage.kill(child)
    assert stage.folder.result() is None
    newest = max((stage.folder.path / "checkpoints").glob("step_*"))
    shard = newest / "00000.safetensors"
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    code, output = stage.run()
    assert code == 0, output
    assert f"checkpoint runs/killed/checkpoints/{newest.name} is damaged" in output
    assert "progress 5/12" in output
    assert "progress 4/12" not in output
    assert stage.result()["weights_sha256"] == uninterrupted[0].result()["weights_sha256"]
    assert stage.exact_losses() == uninterrupted[0].exact_losses()


def test_sigterm_saves_and_the_next_start_continues(uninterrupted: Any, make_stage: Any) -> None:
    parent = uninterrupted[0].result()
    stage = make_stage("two", parent=parent, training__checkpoint_every_steps=100, training__stage_two__steps=40)
    child = stage.start()
    stage.wait_for(child, "progress 3/40")
    child.send_signal(signal.SIGTERM)
    output, _ = child.communicate()
    assert child.returncode != 0
    assert "a checkpoint is saved" in output
    code, output = stage.run()
    assert code == 0, output
    assert "progress 3/40" not in output
    result = stage.result()
    assert result["stage"] == "stage_two"
    assert result["parent_weights_sha256"] == parent["weights_sha256"]
    assert stage.losses(output)[-1] < uninterrupted[0].exact_losses()[0]


def test_stage_two_refuses_weights_that_are_not_its_parents(uninterrupted: Any, make_stage: Any) -> None:
    parent = uninterrupted[0].result() | {"weights_sha256": "0" * 64}
    code, output = make_stage("orphan", parent=parent, deepspeed__processes=1).run()
    assert code != 0
    assert "are not the ones in their receipt" in output


def test_folder_in_use_is_refused(make_stage: Any) -> None:
    stage = make_stage("busy", deepspeed__processes=1, training__micro_batch_per_process=4)
    with stage.folder.held():
        code, output = stage.run()
    assert code != 0
    assert "is in use by process" in output
    shutil.rmtree(stage.folder.path)
