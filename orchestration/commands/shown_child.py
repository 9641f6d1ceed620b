"""A child process whose lines are the command's own output: the comparison with the published code, benchmarks."""

from collections.abc import Sequence
from pathlib import Path

from foundation.child_process import follow
from foundation.home import ROOT
from orchestration.commands.plain_errors import ReportedError

TRACE = "Traceback (most recent call last):"


def show_child(arguments: Sequence[str], where: Path = ROOT) -> int:
    """Print what `python <arguments>` prints, and give its exit code; it works in the folder `where`.

    Raises:
        ReportedError: it ended by an exception, whose stack trace is not printed.
    """
    trace: list[str] = []

    def show(line: str) -> None:
        if trace or line.startswith(TRACE):
            trace.append(line)
        else:
            print(line, flush=True)

    code, last = follow(arguments, show, {"PYTHONPATH": str(ROOT)}, folder=where)
    if code and trace:
        raise ReportedError(last.removeprefix("ValueError: "), "\n".join(trace))
    return code
