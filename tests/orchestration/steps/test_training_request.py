"""What names a training run: all that decides its weights, and nothing that only decides how they are reached."""

from pathlib import Path

import pytest

from model.contracts import TrainingSet
from orchestration.configuration.load_config import load_config
from orchestration.steps.model_steps import training_request

SET = TrainingSet(train=(), held_out=(), train_digest="t", held_out_digest="h", digest="d", overlap_allowed=False)


def folder(*overrides: str) -> Path:
    config = load_config(overrides)
    return training_request(config, SET, None).folder.path


@pytest.fixture
def given(project: Path) -> str:
    """Weights to start from, as an override."""
    (project / "model.safetensors").write_text("weights")
    return "training.initial_weights=model.safetensors"


@pytest.mark.parametrize(
    ("override", "another"),
    [
        ("training.low_rank={rank: 4}", True),
        ("training.low_rank.rank=4", True),
        ("training.weight_decay=0.5", True),
        ("training.activation_checkpointing=true", False),
        ("training.checkpoint_every_steps=7", False),
        ("training.log_every_steps=7", False),
    ],
)
def test_what_decides_the_weights_names_the_run(given: str, override: str, another: bool) -> None:
    assert (folder(given, override) != folder(given)) == another


def test_two_ranks_are_two_runs(given: str) -> None:
    assert folder(given, "training.low_rank={rank: 4}") != folder(given, "training.low_rank={rank: 8}")


def test_factors_on_noise_are_refused() -> None:
    with pytest.raises(ValueError, match=r"training\.low_rank leaves the backbone as it starts"):
        folder("training=released")


def test_first_weights_name_the_run_by_their_content(project: Path) -> None:
    first, copy = project / "a" / "model.safetensors", project / "b" / "model.safetensors"
    for file in (first, copy):
        file.parent.mkdir()
        file.write_text("weights")
    given = [folder(f"training.initial_weights={file}") for file in (first, copy, copy.parent)]
    assert given[0] == given[1] == given[2] != folder()
    copy.write_text("other weights")
    assert folder(f"training.initial_weights={copy}") != given[0]


def test_an_adapter_is_part_of_it(project: Path) -> None:
    weights, adapter = project / "model.safetensors", project / "adapter.safetensors"
    weights.write_text("weights")
    adapter.write_text("adapter")
    merged = folder(f"training.initial_weights={weights}", f"training.initial_adapter={adapter}")
    assert merged != folder(f"training.initial_weights={weights}")
    with pytest.raises(ValueError, match="initial_adapter changes weights: give the ones it was trained on"):
        folder(f"training.initial_adapter={adapter}")


def test_missing_first_weights_are_named_before_anything_starts(project: Path) -> None:
    with pytest.raises(ValueError, match=r"training\.initial_weights: nowhere\.safetensors does not exist"):
        folder("training.initial_weights=nowhere.safetensors")
