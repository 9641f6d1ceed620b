"""What is remembered of prepared clips is what decides them, and a damaged or changed one is not taken for done."""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from data.clips.manifest import read_manifest
from data.preparation.prepare_clip import ClipJob
from data.preparation.prepared_memory import CODE, PreparedMemory, prepare_and_hash
from foundation.clip_format import ClipFormat

ROOT = Path(__file__).parents[3]
# they say what a record is, where files lie and how faults are told; the record itself is part of the key
DECIDE_NOTHING = {
    "data.contracts",
    "foundation.digests",
    "foundation.failures",
    "data.clips.manifest",
    "foundation.run_folder",
}


def imported(module: str) -> set[str]:
    tree = ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text())
    found = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    return {name for name in found if name.startswith("data.")}


def test_the_code_that_decides_a_clip_is_all_in_its_key() -> None:
    waiting, seen = {"data.preparation.prepare_clip"}, set[str]()
    while waiting:
        module = waiting.pop()
        seen.add(module)
        waiting |= imported(module) - seen - DECIDE_NOTHING
    assert seen == set(CODE)


@pytest.fixture
def jobs(
    deliver: Callable[..., Path], clip_format: ClipFormat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[ClipJob]:
    raw = deliver(2)
    (tmp_path / "datasets").mkdir()
    monkeypatch.chdir(tmp_path)
    prepared = Path("datasets/prepared/tiny")
    found = [ClipJob(record, raw, prepared, clip_format, (25.0,)) for record in read_manifest(raw)]
    memory = PreparedMemory(raw, prepared)
    for job in found:
        assert memory.recall(job) is None
        memory.keep(job, prepare_and_hash(job))
    return found


def recalled(jobs: list[ClipJob]) -> list[bool]:
    memory = PreparedMemory(jobs[0].raw, jobs[0].prepared)
    return [memory.recall(job) is not None for job in jobs]


def test_what_did_not_change_is_recalled_as_it_was_made(jobs: list[ClipJob]) -> None:
    memory = PreparedMemory(jobs[0].raw, jobs[0].prepared)
    assert [memory.recall(job) for job in jobs] == [prepare_and_hash(job) for job in jobs]


@pytest.mark.parametrize("where", ["raw", "prepared"])
def test_a_byte_that_changed_before_or_after_costs_its_clip_alone(jobs: list[ClipJob], where: str) -> None:
    file = jobs[0].source("audio") if where == "raw" else jobs[0].folder / "audio.wav"
    file.write_bytes(file.read_bytes() + b"\0\0")
    assert recalled(jobs) == [False, True]


def test_a_line_that_was_cut_short_is_no_clip(jobs: list[ClipJob]) -> None:
    file = Path("datasets/.memory/prepared/tiny.jsonl")
    file.write_text(file.read_text()[:-200])
    assert recalled(jobs) == [True, False]
