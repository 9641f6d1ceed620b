"""One child process: believed only if it left its result, its own words when it failed, stopped when we are."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from foundation.child_process import ChildFailedError, follow, run_child
from foundation.run_folder import RunFolder

IMPORTS = "import os, sys; from pathlib import Path; from foundation.run_folder import RunFolder"
FINISH = f"{IMPORTS}; run = RunFolder(Path(sys.argv[1]))"


@pytest.fixture
def folder(project: Path) -> RunFolder:
    run = RunFolder(Path("runs/step-0123456789"))
    run.write_request({"data": {}}, {})
    return run


def run(folder: RunFolder, code: str, said: list[str] | None = None) -> dict[str, object]:
    return run_child(["-c", code, str(folder.path)], folder, (said if said is not None else []).append)


def test_a_result_comes_back_and_every_line_is_kept(folder: RunFolder) -> None:
    said: list[str] = []
    found = run(folder, f"{FINISH}; print('progress 1/2 clips'); run.finish({{'weights': 'w'}})", said)
    assert found == {"weights": "w"}
    assert said == ["progress 1/2 clips"]
    assert (folder.path / "log.txt").read_text() == "progress 1/2 clips\n"


def test_the_log_grows_over_several_attempts(folder: RunFolder) -> None:
    for attempt in ("first", "second"):
        with pytest.raises(ChildFailedError):
            run(folder, f"print('{attempt}')")
    assert (folder.path / "log.txt").read_text().split() == ["first", "second"]


def test_exit_code_zero_without_a_result_is_a_failure(folder: RunFolder) -> None:
    with pytest.raises(ChildFailedError, match="step-0123456789 ended with exit code 0: all well"):
        run(folder, "print('all well')")


def test_a_swallowed_exception_is_a_failure(folder: RunFolder) -> None:
    swallowing = """
import traceback
try:
    raise ValueError("clip 0003 has no boxes: annotate it")
except Exception:
    traceback.print_exc()
print("done")
"""
    with pytest.raises(ChildFailedError, match=r"ValueError: clip 0003 has no boxes: annotate it \(log: .*log\.txt"):
        run(folder, swallowing)


def test_a_ranks_own_word_is_told_though_its_launcher_speaks_after_it(folder: RunFolder) -> None:
    speaking = (
        "print('error: warmup_steps 10 must be below its steps 4: lower it'); print('====='); raise SystemExit(1)"
    )
    with pytest.raises(ChildFailedError, match=r"exit code 1: error: warmup_steps 10 must be below its steps 4"):
        run(folder, speaking)


def test_another_runs_result_is_refused(folder: RunFolder) -> None:
    forged = (
        "import sys; from pathlib import Path; from foundation.sealed_file import write_sealed; "
        "write_sealed(Path(sys.argv[1]) / 'result.json', {'run_id': 'other', 'receipt': {}, 'files': {}})"
    )
    with pytest.raises(ValueError, match="belongs to another run"):
        run(folder, forged)


def test_a_complete_result_counts_though_the_process_aborted_after_it(folder: RunFolder) -> None:
    said: list[str] = []
    assert run(folder, f"{FINISH}; run.finish({{'steps': 5}}); os.abort()", said) == {"steps": 5}
    assert "exit code -6 after its result was complete" in said[-1]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("raise ValueError('data.csv, row 3: no video')", "ValueError: data.csv, row 3: no video"),
        (
            "try:\n  {}['fps']\nexcept KeyError as error:\n  raise ValueError('clip 1 has no fps') from error",
            "ValueError: clip 1 has no fps",
        ),
        (
            "import sys\nsys.stderr.write('[rank1]: ValueError: shard 2 changed\\nnoise.Error: later\\n')\nsys.exit(1)",
            "ValueError: shard 2 changed",
        ),
        ("import sys\nprint('loading')\nsys.exit('no such folder')", "no such folder"),
        ("import os, signal\nprint('step 3', flush=True)\nos.kill(os.getpid(), signal.SIGKILL)", "step 3"),
    ],
    ids=["exception", "chain", "first rank", "exit message", "killed"],
)
def test_what_went_wrong_is_in_its_own_words(project: Path, code: str, says: str) -> None:
    returned, message = follow(["-c", code], lambda _line: None)
    assert returned != 0
    assert message == says


def test_a_child_sees_our_interpreter_and_no_hub(project: Path) -> None:
    said: list[str] = []
    code = "import os, shutil; print(shutil.which('python'), os.environ['HF_HUB_OFFLINE'], os.environ['STEPS'])"
    assert follow(["-c", code], said.append, {"STEPS": "5"})[0] == 0
    assert said == [f"{Path(sys.executable).parent / 'python'} 1 5"]


STEADY = """
import signal, sys, time
def save(*_):
    open("saved", "w").close()
    sys.exit(0)
signal.signal(signal.SIGTERM, save)
print("at work", flush=True)
time.sleep(60)
"""
LAUNCHER = f"""
from orchestration.commands.plain_errors import plain_errors
from foundation import home
from foundation.child_process import follow
home.enter = lambda: None  # stay in the test's folder
with plain_errors():
    follow(["-c", {STEADY!r}], lambda line: print(line, flush=True))
"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_reaches_the_child_which_saves(project: Path, how: signal.Signals) -> None:
    """As when a supervisor stops `graspline`, which then waits until the child has saved."""
    launcher = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background job ignores it
    )
    assert launcher.stdout is not None
    assert launcher.stdout.readline() == "at work\n"
    os.kill(launcher.pid, how)
    assert launcher.wait(timeout=60) != 0
    assert (project / "saved").exists()


def test_an_error_in_the_listener_stops_the_child(project: Path) -> None:
    def fail(line: str) -> None:
        raise RuntimeError(f"screen broke at {line}")

    with pytest.raises(RuntimeError, match="screen broke at at work"):
        follow(["-c", STEADY], fail)
    assert (project / "saved").exists()
