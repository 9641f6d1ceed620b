"""The folder through which a launcher and a child speak: one at a time, whole files, this run's result only."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from data.contracts import RawBatch
from foundation.run_folder import RunFolder, write_whole

ROOT = Path(__file__).parents[2]
HOLD = """
import sys
from pathlib import Path
from foundation.run_folder import RunFolder
with RunFolder(Path(sys.argv[1])).held():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "stage_one-0123456789")
    folder.write_request(
        {"data": {"batch": "a", "folder": "f", "source": "studio", "clips": 2, "digest": "d"}}, {"stage": "x"}
    )
    return folder


def holder(run: RunFolder) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run.path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_second_process_is_told_who_works_there(run: RunFolder) -> None:
    first = holder(run)
    assert first.stdout is not None
    assert first.stdout.readline() == "held\n"
    second = holder(run)
    says = second.communicate(timeout=60)[1].splitlines()[-1]
    assert second.returncode == 1
    assert says == f"ValueError: run folder {run.path} is in use by process {first.pid}: wait for it to end, or stop it"
    first.communicate(timeout=60)
    assert first.returncode == 0


def test_a_killed_process_leaves_no_lock(run: RunFolder) -> None:
    first = holder(run)
    assert first.stdout is not None
    assert first.stdout.readline() == "held\n"
    first.kill()
    first.communicate(timeout=60)
    with run.held():
        pass


def test_what_was_ordered_reads_back(run: RunFolder) -> None:
    assert run.section("data", RawBatch).clips == 2
    assert json.loads((run.path / "inputs.json").read_text()) == {"stage": "x"}


def test_a_result_is_its_own_runs(run: RunFolder) -> None:
    assert run.result() is None
    run.finish({"weights": "w"})
    assert run.result() == {"weights": "w"}
    moved = RunFolder(run.path.rename(run.path.with_name("stage_one-9876543210")))
    with pytest.raises(ValueError, match="belongs to another run"):
        moved.result()


def test_a_file_is_replaced_whole_and_nothing_is_left_over(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    write_whole(file, "old")
    write_whole(file, "new")
    assert file.read_text() == "new"
    assert list(tmp_path.iterdir()) == [file]
