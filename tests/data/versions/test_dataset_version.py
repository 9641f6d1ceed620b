"""DVC really runs here, in a project of its own: a copy of the stage's code with two tiny studio batches."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from data.thresholds import ValidationThresholds
from data.versions.batch_entry import BATCHES, BatchEntry, Harmless
from data.versions.batch_receipts import prepared_receipt
from data.versions.dataset_version import deliver_raw, order_batch, record_raw, reproduce
from foundation.child_process import child_environment
from foundation.clip_format import ClipFormat

ROOT = Path(__file__).parents[3]
CLIP = ClipFormat(frames=9, frames_per_second=25, height=48, width=32, motion_frames=0)


def entry(seed: int, code: str = "as it is", processes: int = 1) -> BatchEntry:
    return BatchEntry(
        batch={"source": "studio", "seed": seed, "clips": 1},
        clip=CLIP,
        validation=ValidationThresholds(most_hand_jump=1.0, most_product_jump=1.0),  # nine frames leave little room
        encoders="one",
        encoding={"kind": "any"},
        code={"prepare": code, "encoders": "", "encode": ""},
        harmless=Harmless(preparation_processes=processes),
    )


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    code = [file.relative_to(ROOT).as_posix() for room in ("foundation", "data") for file in (ROOT / room).rglob("*.*")]
    code = [name for name in code if "__pycache__" not in name]
    folders = [".gitignore", "dvc.yaml", ".dvcignore", ".dvc/config", ".dvc/.gitignore", "datasets/.gitignore"]
    outputs = [f"datasets/{name}/.gitignore" for name in ("raw", "prepared", "encoders", "encoded")]
    folders.append("datasets/withdrawals.jsonl")
    for name in [*code, *folders, *outputs]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def prepare(batch: str) -> tuple[bool, list[str]]:
    lines: list[str] = []
    deliver_raw(batch, lines.append)
    return reproduce("prepare", batch, lines.append), lines


@pytest.mark.end_to_end
def test_only_the_batch_that_changed_is_prepared_again(project: Path) -> None:
    order_batch("one", entry(0))
    order_batch("two", entry(1))
    reused, lines = prepare("one")
    assert not reused
    assert "progress 1/1 clips filmed" in lines
    assert "progress 1/1 clips prepared" in lines
    assert prepare("two")[0] is False
    before = {batch: prepared_receipt(batch) for batch in ("one", "two")}
    assert [receipt.failures for receipt in before.values()] == [[], []]

    manifest = project / "datasets/raw/one/manifest.jsonl"
    manifest.write_text(manifest.read_text().replace("The person", "Somebody"))
    assert prepare("two")[0] is True
    assert prepare("one")[0] is False
    assert prepared_receipt("two") == before["two"]
    assert prepared_receipt("one").digest != before["one"].digest
    assert "Somebody" in (project / "datasets/prepared/one/manifest.jsonl").read_text()

    shutil.rmtree(project / "datasets/prepared/two")
    assert prepare("two")[0] is True, "a lost folder comes back from the cache"
    assert prepared_receipt("two") == before["two"]

    order_batch("two", entry(1, processes=2))
    assert prepare("two")[0] is True, "how many processes work decides nothing"
    order_batch("two", entry(1, code="another"))
    assert prepare("two")[0] is False, "other code is another preparation"
    assert prepared_receipt("two") == before["two"]
    assert git_sees(project) == {"dvc.lock", "datasets/batches.yaml", "datasets/raw/one.dvc", "datasets/raw/two.dvc"}


def git_sees(project: Path) -> set[str]:
    """What a person would be offered to commit, the copied code aside: pointers, never data."""
    listed = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard"], cwd=project, check=True, capture_output=True, text=True
    )
    copied = (".py", ".j2", ".safetensors", ".gitignore", "withdrawals.jsonl", "dvc.yaml", ".dvcignore", ".dvc/config")
    return {line for line in listed.stdout.splitlines() if not line.endswith(copied)}


def test_a_failing_stage_says_what_its_process_said(project: Path) -> None:
    order_batch("one", entry(0))
    deliver_raw("one", print)
    (project / "datasets/raw/one/clips/s0_0000/hoi.mp4").unlink()
    with pytest.raises(ValueError, match=r"(?s)stage prepare of one failed.*1 of 1 clips.*clip s0_0000 .*hoi_video"):
        reproduce("prepare", "one", print)
    with pytest.raises(ValueError, match="known are one"):
        deliver_raw("three", print)


def test_an_unchanged_order_leaves_the_file_alone(project: Path) -> None:
    order_batch("one", entry(0))
    before = (project / "datasets/batches.yaml").stat().st_mtime_ns
    order_batch("one", entry(0))
    assert (project / "datasets/batches.yaml").stat().st_mtime_ns == before


EVIL = [
    "x;touch PWNED",
    "$(touch PWNED)",
    "`touch PWNED`",
    "x' ; touch PWNED ; '",
    'x" ; touch PWNED ; "',
    "-x&&touch PWNED",
]


@pytest.mark.parametrize("name", EVIL)
def test_a_name_that_is_none_is_handed_to_no_tool(project: Path, name: str) -> None:
    for refused in (
        lambda: order_batch(name, entry(0)),
        lambda: record_raw(name, print),
        lambda: reproduce("prepare", name, print),
    ):
        with pytest.raises(ValueError, match=r"cannot be a name .*call it "):
            refused()
    assert not list(project.rglob("PWNED*"))


def test_no_text_of_a_name_reaches_a_shell(project: Path) -> None:
    """DVC itself is asked, for names that somebody wrote into the file by hand."""
    order_batch("one", entry(0))
    entries = yaml.safe_load(BATCHES.read_text())["batches"]
    BATCHES.write_text(yaml.safe_dump({"batches": {"one": entries["one"], **dict.fromkeys(EVIL[:3], entries["one"])}}))
    for name in EVIL[:3]:
        (project / "datasets/raw" / name).mkdir(parents=True)
        (project / "datasets/raw" / name / "manifest.jsonl").touch()
        command = [sys.executable, "-m", "dvc", "repro", "--single-item", f"prepare@{name}"]
        ran = subprocess.run(command, capture_output=True, text=True, env=child_environment(), check=False)
        assert ran.returncode, ran.stdout
        assert "cannot be a name" in ran.stdout + ran.stderr
    assert not list(project.rglob("PWNED*"))
    order_batch("two", entry(1))
    assert list(yaml.safe_load(BATCHES.read_text())["batches"]) == ["one", "two"], "what is no name is out"


@pytest.mark.end_to_end
@pytest.mark.parametrize("name", ["2026-03-01", "1e5", "0o17", "null", "a--b"])
def test_a_name_that_looks_like_something_else_stays_a_name(project: Path, name: str) -> None:
    order_batch(name, entry(0))
    assert prepare(name)[0] is False
    assert prepared_receipt(name).clips == 1
