"""A batch has one place: runs that order it alike share it, one that orders it otherwise waits for them by name."""

import subprocess
import sys
from pathlib import Path

import pytest

from data.versions.batch_entry import BatchEntry, Harmless, batch_entry, write_entry
from data.versions.batch_hold import hold_batches
from foundation.clip_format import ClipFormat

ROOT = Path(__file__).parents[3]
HOLD = """
import sys
from data.versions.batch_entry import batch_entry, write_entry
from data.versions.batch_hold import hold_batches
with hold_batches({name: batch_entry(name) for name in sys.argv[2:]}, write_entry, sys.argv[1], print):
    print("held", flush=True)
    sys.stdin.read()
"""


def entry(channels: int, processes: int = 1) -> BatchEntry:
    clip = ClipFormat(frames=9, frames_per_second=25, height=96, width=64, motion_frames=0)
    harmless = Harmless(preparation_processes=processes)
    return BatchEntry(
        batch={"source": "studio"}, clip=clip, encoders="a", encoding={"channels": channels}, harmless=harmless
    )


def holder(name: str, *batches: str) -> subprocess.Popen[str]:
    """Another run, which holds batches as they are ordered now until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, name, *batches], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


@pytest.fixture(autouse=True)
def ordered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    Path("datasets").mkdir()
    for batch in ("a", "b"):
        write_entry(batch, entry(4))


def test_runs_that_order_it_alike_share_it() -> None:
    other = holder("run one", "a", "b")
    with hold_batches({"a": entry(4), "b": entry(4, processes=3)}, write_entry, "run two", pytest.fail):
        assert batch_entry("b").harmless.preparation_processes == 3
    other.communicate("")


def test_a_run_that_orders_it_otherwise_waits_for_the_others_to_end() -> None:
    other, said = holder("run one", "b"), list[str]()

    def tell(line: str) -> None:
        said.append(line)
        assert batch_entry("b") == entry(4), "nothing is changed under its hands"
        other.communicate("")

    with hold_batches({"a": entry(8), "b": entry(8)}, write_entry, "run two", tell):
        assert said == ["waiting for run one: works on batch b, which is ordered otherwise here"]
        assert batch_entry("b") == entry(8)


def test_a_run_that_died_keeps_nobody_waiting() -> None:
    other = holder("run one", "a")
    other.kill()
    other.wait()
    with hold_batches({"a": entry(8)}, write_entry, "run two", pytest.fail):
        assert batch_entry("a") == entry(8)
