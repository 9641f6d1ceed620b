"""What is remembered of prepared clips is what decides them, and a damaged or changed one is not taken for done."""

from collections.abc import Callable
from pathlib import Path

import pytest

from data.clips.manifest import read_manifest
from data.preparation.prepare_clip import ClipJob
from data.preparation.prepared_memory import CODE, PreparedMemory, forget_batch, forget_clips, prepare_and_hash
from foundation.clip_format import ClipFormat
from foundation.code_digest import closure

DECIDE_A_CLIP = {
    "data.preparation.prepare_clip",
    "data.validation.clip_facts",
    "data.validation.clip_fingerprint",
    "data.validation.clip_timing",
    "data.clips.structure_video",
    "foundation.geometry",
    "foundation.video_reading",
}


def test_the_code_that_decides_a_clip_is_in_its_key_and_the_rest_is_not() -> None:
    named = closure(CODE)
    assert named >= DECIDE_A_CLIP
    rooms = ("data.sources", "data.annotators", "data.versions", "data.validation.rules", "data.clips.contact_sheet")
    assert not any(module.startswith(rooms) for module in named)


def test_a_clip_that_other_code_made_is_made_again(jobs: list[ClipJob], monkeypatch: pytest.MonkeyPatch) -> None:
    assert recalled(jobs) == [True, True]
    monkeypatch.setattr("data.preparation.prepared_memory.code_digest", lambda *_modules: "another")
    assert recalled(jobs) == [False, False]


def test_clips_can_be_forgotten(jobs: list[ClipJob]) -> None:
    forget_clips("tiny", {jobs[0].record.clip_id})
    assert recalled(jobs) == [False, True]
    forget_batch("tiny")
    assert recalled(jobs) == [False, False]


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
