"""No child outlives its parent: not after SIGKILL, not as a grandchild, not in a session of its own."""

import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Generator
from pathlib import Path

import psutil
import pytest

from foundation.child_process import child_environment, end_server, follow, start_server

GONE_SECONDS = 20
SLEEPER = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
# what starts a process: the child itself, a child of it, one in a session of its own, one whose own parent ended
BELOW = {
    "child": SLEEPER,
    "grandchild": f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SLEEPER!r}])",
    "shell": f"import subprocess, sys; subprocess.run(sys.executable + ' -c \"{SLEEPER}\"; true', shell=True)",
    "own session": f"""
import subprocess, sys
subprocess.run([sys.executable, '-c', {SLEEPER!r}], start_new_session=True)
""",
    "daemon": f"""
import os, subprocess, sys, time
if os.fork() == 0:
    os.setsid()
    subprocess.Popen([sys.executable, '-c', {SLEEPER!r}])
    os._exit(0)
time.sleep(600)
""",
    "deaf": f"""
import signal
for sign in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(sign, signal.SIG_IGN)
{SLEEPER}
""",
}


def launch(script: str) -> tuple[subprocess.Popen[str], int]:
    """A process that runs `script`, which passes on the process number that its descendant prints."""
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True, env=child_environment()
    )
    assert parent.stdout is not None
    return parent, int(parent.stdout.readline())


@pytest.fixture
def assert_gone() -> Generator[Callable[[int], None]]:
    watched: list[psutil.Process] = []

    def check(process: int) -> None:
        if psutil.pid_exists(process):
            watched.append(psutil.Process(process))
            _, alive = psutil.wait_procs(watched, timeout=GONE_SECONDS)
            assert alive == []

    yield check
    for process in watched:
        if process.is_running():
            process.kill()


@pytest.mark.parametrize("below", BELOW.values(), ids=list(BELOW))
def test_all_below_a_killed_parent_ends(below: str, assert_gone: Callable[[int], None]) -> None:
    parent, process = launch(f"""
        from foundation.child_process import follow
        follow(["-c", {below!r}], lambda line: print(line, flush=True))
    """)
    parent.kill()
    parent.wait()
    assert_gone(process)


def test_a_thread_that_starts_a_child_may_end_before_it(project: Path) -> None:
    """The kernel takes the thread for the parent: its signal would end the child here."""
    script = """
        import subprocess, sys, threading, time
        from foundation.child_process import start_server, end_server
        started = []
        thread = threading.Thread(target=lambda: started.append(start_server(["-c", "import time; time.sleep(600)"])))
        thread.start()
        thread.join()
        time.sleep(1.5)
        print("lives" if started[0].poll() is None else "ended", flush=True)
        end_server(started[0])
    """
    found = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, env=child_environment()
    )
    assert found.stdout == "lives\n", found.stderr


def test_a_killed_parent_in_a_thread_takes_its_child_along(assert_gone: Callable[[int], None]) -> None:
    parent, process = launch(f"""
        import threading, time
        from foundation.child_process import follow
        arguments = (["-c", {SLEEPER!r}], lambda line: print(line, flush=True))
        threading.Thread(target=follow, args=arguments, daemon=True).start()
        time.sleep(600)
    """)
    parent.kill()
    parent.wait()
    assert_gone(process)


def test_what_a_killed_command_leaves_behind_ends_too(assert_gone: Callable[[int], None]) -> None:
    """As when torchrun is killed and its ranks would train on."""
    lines: list[str] = []

    def kill_its_parent(line: str) -> None:
        lines.append(line)
        parent = psutil.Process(int(line)).parent()
        assert parent is not None
        parent.kill()

    assert follow(["-c", BELOW["grandchild"]], kill_its_parent)[0] == -signal.SIGKILL
    assert_gone(int(lines[0]))


def test_a_killed_guard_takes_the_command_along(assert_gone: Callable[[int], None]) -> None:
    lines: list[str] = []

    def kill_the_guard(line: str) -> None:
        lines.append(line)
        guard = psutil.Process(int(line)).parent()
        assert guard is not None
        assert "child_guard.py" in " ".join(guard.cmdline())
        guard.kill()

    assert follow(["-c", SLEEPER], kill_the_guard)[0] == -signal.SIGKILL
    assert_gone(int(lines[0]))


def test_a_server_and_all_that_it_started_end_when_they_are_asked(
    tmp_path: Path, assert_gone: Callable[[int], None]
) -> None:
    note = tmp_path / "process"
    worker = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    server = start_server(["-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {worker!r}])"])
    while not note.exists() or not note.read_text():
        assert server.poll() is None
    end_server(server)
    assert server.returncode == -signal.SIGTERM
    assert_gone(int(note.read_text()))


@pytest.mark.parametrize("code", [0, 1, 3, 120, 255])
def test_the_exit_code_is_the_commands(project: Path, code: int) -> None:
    assert follow(["-c", f"raise SystemExit({code})"], lambda _line: None)[0] == code


@pytest.mark.parametrize("sign", ["SIGKILL", "SIGABRT", "SIGTERM", "SIGSEGV", "SIGUSR1"])
def test_the_signal_that_ended_it_is_the_commands(project: Path, sign: str) -> None:
    killed = f"import os, signal; os.kill(os.getpid(), signal.{sign})"
    assert follow(["-c", killed], lambda _line: None)[0] == -signal.Signals[sign]


def test_the_command_meets_no_blocked_signal(project: Path) -> None:
    lines: list[str] = []
    follow(["-c", "import signal; print(signal.pthread_sigmask(signal.SIG_BLOCK, ()))"], lines.append)
    assert lines == ["set()"]


def test_a_command_that_cannot_start_is_named(tmp_path: Path) -> None:
    code, message = follow(["-c", "pass"], lambda _line: None, python=tmp_path / "python")
    assert (code, message) == (127, f"error: {tmp_path / 'python'} cannot be started: No such file or directory")
