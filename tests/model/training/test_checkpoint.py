"""Checkpoints are whole or absent, and damage is found before anything is loaded."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from model.training import checkpoint
from model.training.checkpoint import load_into, newest_intact, read_weights, save_checkpoint, write_weights

STATE = {"weights/a": torch.arange(6.0).reshape(2, 3), "exp_avg/a": torch.ones(2, 3)}


def save(folder: Path, step: int, keep: int = 3) -> Path:
    return save_checkpoint(folder, step, STATE.items(), {"said": step}, keep)


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    save(tmp_path, 5)
    found = newest_intact(tmp_path)
    assert found is not None
    assert (found.step, found.facts) == (5, {"said": 5})
    assert dict(found.tensors("weights")).keys() == {"a"}
    assert torch.equal(dict(found.tensors("exp_avg"))["a"], STATE["exp_avg/a"])


def test_large_states_are_split_into_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "SHARD_BYTES", 24)
    folder = save(tmp_path, 1)
    assert len(list(folder.glob("*.safetensors"))) == 2
    found = newest_intact(tmp_path)
    assert found is not None
    assert torch.equal(dict(found.tensors("weights"))["a"], STATE["weights/a"])


@pytest.mark.parametrize(
    "damage",
    ["byte", "missing shard", "missing facts", "cut facts", "edited facts", "empty facts", "other facts", "step"],
)
def test_damage_is_named_and_the_one_before_is_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    save(tmp_path, 10)
    newest = save(tmp_path, 20)
    shard, facts = newest / "00000.safetensors", newest / "checkpoint.json"
    if damage == "byte":
        shard.write_bytes(shard.read_bytes()[:-1] + b"?")
    elif damage == "missing shard":
        shard.unlink()
    elif damage == "missing facts":
        facts.unlink()
    elif damage == "cut facts":
        facts.write_text(facts.read_text()[:20])
    elif damage == "edited facts":
        facts.write_text(facts.read_text().replace('"said": 20', '"said": 21'))
    elif damage == "step":
        newest = newest.rename(tmp_path / "step_00000030")
    else:
        facts.write_text("" if damage == "empty facts" else "[1, 2]")
    found = newest_intact(tmp_path)
    assert found is not None
    assert found.step == 10
    assert f"{newest} is damaged" in capsys.readouterr().out


def test_an_interrupted_write_leaves_the_last_one_in_place(tmp_path: Path) -> None:
    save(tmp_path, 10)

    def breaks() -> Iterator[tuple[str, torch.Tensor]]:
        yield "weights/a", STATE["weights/a"]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(tmp_path, 20, breaks(), {}, keep=3)
    found = newest_intact(tmp_path)
    assert found is not None
    assert found.step == 10
    save(tmp_path, 20)
    assert [folder.name for folder in sorted(tmp_path.iterdir())] == ["step_00000010", "step_00000020"]


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        save(tmp_path, step, keep=2)
    assert sorted(folder.name for folder in tmp_path.iterdir()) == ["step_00000002", "step_00000003"]


def test_weights_are_verified_before_they_are_read(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    digest = write_weights(file, {"a": torch.ones(3)})
    assert torch.equal(dict(read_weights(file, digest))["a"], torch.ones(3))
    with pytest.raises(ValueError, match="not the ones in their receipt"):
        read_weights(file, "0" * 64)
    file.write_bytes(file.read_bytes()[:9])
    with pytest.raises(ValueError, match="no intact safetensors file"):
        read_weights(file)


def test_weights_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ValueError, match="somewhere: weight holds NaN"):
        load_into(nn.Linear(1, 2, bias=False), [("weight", torch.tensor([[1.0], [float("nan")]]))], "somewhere")


@pytest.mark.parametrize("tensors", [{}, {"weight": torch.ones(3, 3)}, {"other": torch.ones(2, 3)}])
def test_weights_of_another_network_are_refused(tensors: dict[str, torch.Tensor]) -> None:
    network = nn.Linear(3, 2, bias=False)
    with pytest.raises(ValueError, match="of another network or recipe"):
        load_into(network, tensors.items(), "somewhere")


def test_no_checkpoint_is_none(tmp_path: Path) -> None:
    assert newest_intact(tmp_path / "nothing") is None


def test_a_folder_that_is_no_checkpoint_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "step_by_step").mkdir()
    save(tmp_path, 5, keep=1)
    found = newest_intact(tmp_path)
    assert found is not None
    assert found.step == 5
    assert (tmp_path / "step_by_step").exists()


@settings(max_examples=40, deadline=None, derandomize=True)
@given(data=st.data())
def test_no_flipped_byte_of_the_facts_is_taken_for_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("flipped")
    facts = save(folder, 5) / "checkpoint.json"
    content = bytearray(facts.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    facts.write_bytes(content)
    found = newest_intact(folder)
    assert found is None or found.facts == {"said": 5}  # a blank between two values says nothing
