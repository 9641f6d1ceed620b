"""`graspline data validate` on prepared batches: judged by what was measured, measured again where files changed."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from benchmarks.validation import entry_of, multiply, write_films
from data.preparation.prepare_clips import prepare_batch
from data.preparation.validate_batch import Report, validate_batch
from data.thresholds import ValidationThresholds
from data.versions.batch_entry import BatchEntry
from foundation import home
from foundation.clip_format import ClipFormat
from foundation.digests import folder_digest
from foundation.video_reading import read_video
from foundation.video_writing import write_video
from foundation.whole_file import write_whole
from orchestration.commands import data as data_cli

BATCHES, PREPARED = Path("datasets/batches.yaml"), Path("datasets/prepared/many")
CLIPS = 3


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one prepared batch of three generated clips."""
    folder = tmp_path_factory.mktemp("prepared")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_films(Path("datasets/raw/many"), CLIPS)
        order(entry_of())
        prepare_batch("many")
    return folder


@pytest.fixture
def project(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it for each test."""
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def order(entry: BatchEntry) -> None:
    document = {"batches": {"many": entry.model_dump(mode="json")}}
    write_whole(BATCHES, yaml.safe_dump(document))


def faults(report: Report) -> set[tuple[str, str, str]]:
    return {(fault.clip_id, fault.field, fault.name) for fault in report.verdict.failures}


def test_a_prepared_batch_is_judged_again_and_left_alone(project: Path) -> None:
    before = folder_digest(PREPARED)
    report = validate_batch("many", entry_of())
    assert (report.verdict.valid, report.clips) == (True, CLIPS)
    assert report.page == Path("runs/validation/many/validation.html")
    assert folder_digest(PREPARED) == before


def test_other_thresholds_judge_the_same_facts_otherwise(project: Path) -> None:
    strict = entry_of().model_copy(update={"validation": ValidationThresholds(licences=["CC-BY-4.0"])})
    of_clips = {(f"0000{clip}", "licence", "licence") for clip in range(CLIPS)}
    assert faults(validate_batch("many", strict)) == {*of_clips, ("(batch)", "clips", "")}


def test_a_file_that_was_changed_is_named_and_measured_again(project: Path) -> None:
    video = PREPARED / "clips/00001/rgb.mp4"
    write_video(video, read_video(video)[0][:20], 25, lossless=True)
    (PREPARED / "clips/00002/audio.wav").write_bytes(b"RIFF")
    found = faults(validate_batch("many", entry_of()))
    assert {("(batch)", "clips", ""), ("00001", "files", ""), ("00001", "video", "rgb_frames")} <= found
    assert ("00002", "video", "") in found, "it cannot be read"
    assert not any(clip == "00000" for clip, _, _ in found)


def test_a_manifest_that_was_changed_is_named(project: Path) -> None:
    manifest = PREPARED / "manifest.jsonl"
    manifest.write_text(manifest.read_text().replace("square number 00001 moves", " "))
    found = faults(validate_batch("many", entry_of()))
    assert {("(batch)", "manifest.jsonl", ""), ("00001", "prompt", "prompt")} <= found


def test_a_batch_that_is_not_there_is_named(project: Path) -> None:
    with pytest.raises(ValueError, match="there is no batch march: neither datasets/prepared/march"):
        validate_batch("march", entry_of())


def test_many_rows_are_judged_one_by_one(project: Path) -> None:
    """The small sister of `python -m benchmarks.validation 12000`: counts, no times."""
    multiply("many", 60)
    report = validate_batch("many", entry_of())
    assert (report.clips, report.verdict.failures) == (60, ())
    longer = entry_of().clip.model_dump() | {"frames": 37}
    other = entry_of().model_copy(update={"clip": ClipFormat.model_validate(longer)})
    found = validate_batch("many", other).verdict.failures
    assert sum(fault.name == "rgb_frames" for fault in found) == 60


@pytest.fixture
def command(project: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.setattr(home, "enter", lambda: None)
    return lambda *words: CliRunner().invoke(data_cli.app, ["validate", *words])


def test_the_command_names_faults_and_ends_with_one(command: Callable[..., Any]) -> None:
    good = command("many")
    assert good.exit_code == 0
    assert "many is valid: 3 clips" in good.stdout
    bad = command("many", "data.validation.least_face_share=1", "data.validation.licences=[CC-BY-4.0]")
    assert bad.exit_code == 1
    assert "many is invalid: 4 faults in 3 clips" in bad.stdout
    assert "runs/validation/many/validation.html" in bad.stdout
    assert "graspline:" not in bad.output, "it is no error of the command"
    for words in ("00002", "licence: must be CC-BY-4.0", "use a clip whose licence allows"):
        assert words in bad.stdout
