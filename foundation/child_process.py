"""The way to run a child process: start it, follow its output, and believe it only if it left its result.

Success is exit code 0 *and* a `result.json` of this run. The Dagster process itself never imports torch: training,
encoding, generation and export all pass through here. SIGINT and SIGTERM go on to the child, which saves and stops.
No child outlives its parent, not even one that is killed: foundation.child_guard stands between the two.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from foundation import child_guard
from foundation.addresses import redacted
from foundation.plain_faults import explained_line
from foundation.run_folder import RunFolder

Server = subprocess.Popen[bytes]
OnLine = Callable[[str], None]
# The line that names what went wrong: of a traceback, or `error: ...`, as a rank of training prints it.
FAULT = re.compile(r"(\[rank\d+\]: )?([\w.]*(Error|Exception)|error): ")
CHAINED = "The above exception was the direct cause"  # what follows is clearer
SAVING_SECONDS = 120  # that a child is given to save what it has
SERVER_SECONDS = 20


class ChildFailedError(RuntimeError):
    """A child process ended without a result. The message says which, why, and where its log is."""


def child_environment(**extra: str) -> dict[str, str]:
    """What every child process sees: our interpreter first, no telemetry, no hub, no accelerator guess."""
    binaries = str(Path(sys.executable).parent)
    return {
        **os.environ,
        "PATH": binaries + os.pathsep + os.environ.get("PATH", ""),
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",  # whatever the locale: what children print and open, libraries included, is UTF-8
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ALLOW_MODEL_CODE_EXECUTION": "false",
        "GX_ANALYTICS_ENABLED": "false",
        "DVC_NO_ANALYTICS": "1",
        **extra,
    }


def run_child(
    arguments: Sequence[str], folder: RunFolder, on_line: OnLine, environment: Mapping[str, str] = {}
) -> dict[str, Any]:
    """Run `python <arguments>` in a run folder; its output goes to the folder's log and to `on_line`.

    Returns:
        The content of the run's result.json.

    Raises:
        ChildFailedError: it failed, or ended well without a result.
    """
    log = folder.path / "log.txt"
    with log.open("a", encoding="utf-8") as handle:

        def keep(line: str) -> None:
            handle.write(line + "\n")
            handle.flush()
            on_line(line)

        code, last = follow(arguments, keep, environment)
    result = folder.result()
    if result is None:
        raise ChildFailedError(f"{folder.run_id} ended with exit code {code}: {last} (log: {log})")
    if code != 0:  # gloo can abort in its teardown, after all that matters is on disk
        on_line(f"{folder.run_id} ended with exit code {code} after its result was complete; the result counts")
    return result


def follow(
    arguments: Sequence[str],
    on_line: OnLine,
    environment: Mapping[str, str] = {},
    python: Path = Path(sys.executable),
    folder: Path | None = None,
) -> tuple[int, str]:
    """Run `python <arguments>` and pass its output on line by line; returns its exit code and what went wrong.

    What went wrong is the first traceback's own message (of a chain of exceptions the last one), else the last line;
    where a library said it, in plain words (foundation.plain_faults). No line holds a credential.
    """
    last, fault = "", ""
    child = subprocess.Popen(
        _guarded(python, arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="backslashreplace",
        env=child_environment(**environment),
        cwd=folder,
    )
    try:
        assert child.stdout is not None
        for line in map(redacted, child.stdout):
            last = line.strip() or last
            fault = "" if CHAINED in last else fault or (last if FAULT.match(last) else "")
            on_line(line.rstrip())
        return child.wait(), explained_line(fault or last)
    except BaseException:
        _stop(child)
        raise


def start_server(
    arguments: Sequence[str], folder: Path | None = None, log: IO[bytes] | None = None, **extra: str
) -> Server:
    """Start `python <arguments>` in a session of its own, where no Ctrl-C reaches it; `end_server` ends it.

    Args:
        arguments: what follows `python`.
        folder: where it works; None: here.
        log: where its output goes; None: where ours does.
        extra: variables of its environment.
    """
    return subprocess.Popen(
        _guarded(Path(sys.executable), arguments),
        env=child_environment(**extra),
        start_new_session=True,
        cwd=folder,
        stdout=log,
        stderr=None if log is None else subprocess.STDOUT,
    )


def end_server(server: Server) -> None:
    """End a server and all that it started: politely, then for certain."""
    _end(server, SERVER_SECONDS)


def _guarded(python: Path, arguments: Sequence[str]) -> list[str]:
    """The command that runs `python <arguments>` for as long as this process lives."""
    return [sys.executable, "-I", "-S", child_guard.__file__, str(os.getpid()), str(python), *arguments]


def _stop(child: subprocess.Popen[str]) -> None:
    """Ask the child to save and stop; wait for it."""
    _end(child, SAVING_SECONDS)


def _end(child: subprocess.Popen[Any], patience_seconds: float) -> None:
    for sign, seconds in ((signal.SIGTERM, patience_seconds), (child_guard.END_ALL, None)):
        if child.poll() is None:
            child.send_signal(sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(seconds)
