"""Two runs that come to the same step at once: computed once, waited for by name, taken over where the first died."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from foundation.run_folder import RunFolder
from orchestration.steps.run_step import StepRequest

ASKS = """
import sys
from pydantic import BaseModel
from orchestration.steps.retraining import Retraining
from orchestration.steps.run_step import StepRequest, run_step
from orchestration.steps.step import StepContext

class Made(BaseModel):
    seconds: float

run = Retraining(id=sys.argv[1], origin="person", started_by="ada")
step = StepContext(None, lambda line: print(line, flush=True), retraining=run)
print(run_step(step, StepRequest("slow", ["slow.py"], "code", {}, {}, {}), Made).reused)
"""
SLOW = """
import sys, time
from pathlib import Path
from foundation.run_folder import RunFolder
seconds = float(Path("seconds").read_text())
run = RunFolder(Path(sys.argv[1]))
with run.held():
    print("progress 0/1 made", flush=True)
    end = time.monotonic() + seconds
    while time.monotonic() < end and not Path("enough").exists():
        time.sleep(0.05)
    run.finish({"seconds": seconds})
"""


def asks(name: str) -> subprocess.Popen[str]:
    """Another run, which asks for the slow step."""
    return subprocess.Popen([sys.executable, "-c", ASKS, name], stdout=subprocess.PIPE, text=True)


def slow(seconds: float) -> Path:
    """The slow step; where its log will be."""
    Path("slow.py").write_text(SLOW)
    Path("seconds").write_text(str(seconds))
    return StepRequest("slow", [], "code", {}, {}, {}).folder.path / "log.txt"


def test_a_step_that_two_runs_ask_for_at_once_is_computed_once(project: Path) -> None:
    log = slow(2)
    runs = {name: asks(name) for name in ("a", "b")}
    said = {name: run.communicate()[0] for name, run in runs.items()}
    assert sorted(text.split()[-1] for text in said.values()) == ["False", "True"], said
    (first,) = (name for name, text in said.items() if text.endswith("False\n"))
    (second,) = said.keys() - {first}
    assert f"waiting for run {first} (person ada, process {runs[first].pid}): slow-" in said[second]
    assert "waiting" not in said[first]
    assert log.read_text().count("progress 0/1 made") == 1


def test_whoever_waits_takes_over_where_the_other_run_died(project: Path) -> None:
    log = slow(60)
    first = asks("a")
    until(lambda: log.exists() and "progress" in log.read_text())
    slow(0)
    second = asks("b")
    assert second.stdout
    assert second.stdout.readline().startswith(f"waiting for run a (person ada, process {first.pid})")
    first.kill()
    first.communicate()
    assert second.communicate()[0].split()[-1] == "False"
    assert log.read_text().count("progress 0/1 made") == 2


def test_a_child_whose_run_is_gone_is_waited_for(project: Path) -> None:
    log = slow(60)
    folder = RunFolder(log.parent)
    folder.write_request({}, {})
    child = subprocess.Popen([sys.executable, "slow.py", str(folder.path)], stdout=subprocess.DEVNULL)
    until(lambda: folder.worker() is not None)
    run = asks("a")
    assert run.stdout
    assert run.stdout.readline().startswith(f"waiting for process {child.pid}, which is about to end: slow-")
    Path("enough").touch()
    child.wait()
    assert run.communicate()[0].split()[-1] == "True", "it had finished its work"


def until(happened: Callable[[], bool]) -> None:
    """Wait for it, a minute at most."""
    end = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)
