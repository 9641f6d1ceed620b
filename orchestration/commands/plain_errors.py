"""What every command works inside: the project's root, and one line with its fix instead of a stack trace.

This is the one boundary of the command line: whatever goes wrong, in our code, in a library or in a child process,
ends as `graspline: what, and the fix`. Where it was not foreseen, the line names a file with the stack trace.
"""

import linecache
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

from foundation import home
from foundation.addresses import redacted
from foundation.plain_faults import explained, one_line

LOG_COLUMNS = 140  # of tables in a log, which has no width of its own
ERRORS = Path("runs/errors")
OWN = ("foundation", "data", "model", "evaluation", "orchestration", "benchmarks", "graspline")
INTERRUPTED = 128 + signal.SIGINT


class ReportedError(RuntimeError):
    """A failure with a stack trace that is not this process's own: a child's, or one that Dagster recorded."""

    def __init__(self, message: str, trace: str = "") -> None:
        super().__init__(message)
        self.trace = trace


class Caller(NamedTuple):
    """Who called a command: what it prints on, and the folder that relative paths were typed in."""

    console: Console
    folder: Path


@contextmanager
def plain_errors() -> Generator[Console]:
    """As `called`, for a command that is given no path."""
    with called() as caller:
        yield caller.console


@contextmanager
def called() -> Generator[Caller]:
    """Work in the project's root, within `boundary`.

    SIGTERM unwinds like Ctrl-C, so that it reaches the child process at work.
    """
    with boundary():
        folder = Path.cwd()
        home.enter()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        yield Caller(Console() if sys.stdout.isatty() else Console(width=LOG_COLUMNS), folder)


@contextmanager
def boundary() -> Generator[None]:
    """Whatever is raised inside becomes one line on stderr and an exit code: 1, 2 for a wrong command line."""
    try:
        yield
    except (typer.Exit, typer.Abort):
        raise
    except typer.TyperException as error:  # a wrong command line
        if line := one_line(error.format_message()):  # none where the help was shown instead
            _print(f"{line} (`graspline --help` lists the commands, `graspline COMMAND --help` what one takes)")
        raise SystemExit(error.exit_code) from error
    except BrokenPipeError as error:  # `graspline status | head`
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from error
    except KeyboardInterrupt as error:
        _print("interrupted; the next run continues")
        raise SystemExit(INTERRUPTED) from error
    except Exception as error:
        _print(_line(error))
        raise SystemExit(1) from error


def _print(line: str) -> None:
    Console(stderr=True).print(f"[bold red]graspline:[/] {escape(line)}", highlight=False, soft_wrap=True)


def _line(error: Exception) -> str:
    """The one line of an error; of one that nobody foresaw, with the file that holds its stack trace."""
    if isinstance(error, ReportedError):
        return _with_trace(redacted(str(error)), error.trace) if error.trace else redacted(str(error))
    if isinstance(error, ValidationError):
        return _with_trace(_of_values(error), _trace(error))
    if _is_foreseen(error):
        return redacted(str(error))
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    file = getattr(error, "filename", None)
    return _with_trace(explained(kind, str(error), str(file) if file else None), _trace(error))


def _is_foreseen(error: Exception) -> bool:
    """Whether a line of ours raised it on purpose: its message is for people already."""
    if type(error).__module__.partition(".")[0] in OWN:
        return True
    if type(error) not in (ValueError, RuntimeError) or error.__traceback__ is None:
        return False
    last = traceback.extract_tb(error.__traceback__)[-1]
    return is_ours(last.filename) and linecache.getline(last.filename, last.lineno or 0).lstrip().startswith("raise")


def is_ours(file: str) -> bool:
    """Whether a file is the project's own, and no library's."""
    path = Path(file)
    return path.is_relative_to(home.ROOT) and "site-packages" not in path.parts


def _of_values(error: ValidationError) -> str:
    faults = [f"{'.'.join(map(str, fault['loc'])) or error.title}: {fault['msg']}" for fault in error.errors()[:3]]
    return one_line("; ".join(fault.replace("Value error, ", "") for fault in faults))


def _trace(error: Exception) -> str:
    return "".join(traceback.format_exception(error))


def _with_trace(line: str, trace: str) -> str:
    """The line and where the stack trace was written: below runs/, or where that cannot be written, in /tmp."""
    name = f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%S}-{os.getpid()}.txt"
    text = redacted(f"{' '.join(sys.argv)}\n\n{trace}")
    for folder in (home.ROOT / ERRORS, Path(tempfile.gettempdir()) / "graspline-errors"):
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
            return f"{line} (stack trace: {folder / name})"
    return line
