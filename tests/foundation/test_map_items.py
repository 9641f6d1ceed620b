"""The one map over clips: the same results in the same order, however they are spread."""

import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from foundation.failures import ClipError, refuse
from foundation.map_items import Spread, map_items


@dataclass(frozen=True)
class Job:
    number: int
    folder: Path


def write_process(job: Job) -> int:
    if job.number == 3:
        raise refuse("c3", "video", "nothing", "the file exists", "deliver it")
    (job.folder / str(job.number)).write_text(str(os.getpid()))
    return job.number * 10


def fail(job: Job) -> int:
    raise OSError(f"disk full at {job.number}")


@pytest.mark.parametrize("processes", [1, 2])
def test_results_come_in_order_and_a_clip_that_cannot_be_used_comes_as_its_error(
    tmp_path: Path, processes: int
) -> None:
    found = list(map_items(write_process, [Job(number, tmp_path) for number in range(40)], Spread(processes=processes)))
    assert [type(result) for result in found].index(ClipError) == 3
    assert "clip c3 | field video" in str(found.pop(3))
    assert found == [number * 10 for number in range(40) if number != 3]
    workers = {file.read_text() for file in tmp_path.iterdir()}
    assert len(workers) == processes
    assert (str(os.getpid()) in workers) == (processes == 1)


@pytest.mark.parametrize("processes", [1, 2])
def test_any_other_failure_ends_the_map(tmp_path: Path, processes: int) -> None:
    with pytest.raises(OSError, match="disk full at 0"):
        list(map_items(fail, [Job(number, tmp_path) for number in range(40)], Spread(processes=processes)))


def test_who_works_for_a_killed_process_ends_with_it() -> None:
    """The children of a killed process would wait for jobs for ever."""
    script = """
        import os, time
        from foundation.map_items import Spread, map_items

        def work(number):
            print(os.getpid(), flush=True)
            time.sleep(0.3)

        list(map_items(work, range(1000), Spread(processes=2)))
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pids: set[int] = set()
    while len(pids) < 2:
        pids.add(int(parent.stdout.readline()))
    workers = [psutil.Process(pid) for pid in pids]
    parent.kill()
    parent.wait()
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert alive == []


def test_ray_that_is_not_installed_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(ValueError, match=r"data\.map=ray needs Ray: run `make setup-extras`"):
        list(map_items(write_process, [Job(0, tmp_path)], Spread(kind="ray")))
