"""The way to run a child process: start it, follow its output, and believe it only if it left its result.

Success is exit code 0 *and* a `result.json` of this run. The Dagster process itself never imports torch: training,
encoding, generation and export all pass through here. SIGINT and SIGTERM go on to the child, which saves and stops.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from foundation.addresses import redacted
from foundation.plain_faults import explained_line
from foundation.run_folder import RunFolder

OnLine = Callable[[str], None]
# The line that names what went wrong: of a traceback, or `error: ...`, as a rank of training prints it.
FAULT = re.compile(r"(\[rank\d+\]: )?([\w.]*(Error|Exception)|error): ")
CHAINED = "The above exception was the direct cause"  # what follows is clearer


class ChildFailedError(RuntimeError):
    """A child process ended without a result. The message says which, why, and where its log is."""


def child_environment(**extra: str) -> dict[str, str]:
    """What every child process sees: our interpreter first, no telemetry, no hub, no accelerator guess."""
    binaries = str(Path(sys.executable).parent)
    return {
        **os.environ,
        "PATH": binaries + os.pathsep + os.environ.get("PATH", ""),
        "PYTHONUNBUFFERED": "1",
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
    with log.open("a") as handle:

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
        [str(python), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
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


def start_server(arguments: Sequence[str], **extra: str) -> subprocess.Popen[bytes]:
    """Start `python <arguments>` in a process group of its own, to be ended with `end_group`."""
    return subprocess.Popen([sys.executable, *arguments], env=child_environment(**extra), start_new_session=True)


def end_group(server: subprocess.Popen[bytes]) -> None:
    """End a server and all that it started: politely, then for certain."""
    for sign, patience_seconds in ((signal.SIGTERM, 20), (signal.SIGKILL, 5)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(patience_seconds)
            return


def _stop(child: subprocess.Popen[str]) -> None:
    """Ask the child to save and stop; wait for it."""
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
        child.wait(timeout=120)
