"""A composition is remembered by what decides it: overrides and the files of conf/."""

from pathlib import Path

import pytest

from orchestration.configuration import composed_before
from orchestration.configuration.composed_before import Composed, composed_once
from orchestration.configuration.load_config import load_sections


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one configuration file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "datasets").mkdir()
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/pipeline.yaml").write_text("a: 1\n")
    return tmp_path / "conf"


def _counting(conf: Path, *overrides: str) -> tuple[Composed, bool]:
    """What is composed, and whether it had to be."""
    asked: list[str] = []

    def compose() -> Composed:
        asked.append("once")
        return {"file": (conf / "pipeline.yaml").read_text(), "overrides": list(overrides)}

    return composed_once(conf, overrides, compose), bool(asked)


def test_the_same_is_composed_once(conf: Path) -> None:
    first, second = _counting(conf, "a=2"), _counting(conf, "a=2")
    assert first == (second[0], True)
    assert second[1] is False


def test_other_overrides_and_changed_files_are_composed_anew(conf: Path) -> None:
    _counting(conf, "a=2")
    assert _counting(conf, "a=3")[1]
    (conf / "pipeline.yaml").write_text("a: 5\n")
    composed, anew = _counting(conf, "a=2")
    assert anew
    assert composed["file"] == "a: 5\n"


def test_a_damaged_memory_is_made_anew(conf: Path) -> None:
    _counting(conf)
    composed_before.MEMORY.write_text("{")
    assert _counting(conf)[1]
    assert not _counting(conf)[1]


def test_no_more_than_some_are_kept(conf: Path) -> None:
    for number in range(composed_before.REMEMBERED + 3):
        _counting(conf, f"a={number}")
    assert _counting(conf, "a=0")[1]
    assert not _counting(conf, f"a={composed_before.REMEMBERED + 2}")[1]


@pytest.mark.usefixtures("conf")
def test_what_is_remembered_is_the_same_configuration() -> None:
    overrides = ["experiment=smoke", "training.stage_one.steps=7"]
    assert load_sections(overrides) == load_sections(overrides)
    assert composed_before.MEMORY.exists()
    assert load_sections(overrides).training.stage_one.steps == 7
