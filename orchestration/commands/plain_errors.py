"""What every command works inside: the project's root, and messages instead of stack traces."""

import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape

from foundation import home

LOG_COLUMNS = 140  # of tables in a log, which has no width of its own


@contextmanager
def plain_errors() -> Generator[Console]:
    """Work in the project's root; a mistake of the user's is one clear message, never a stack trace.

    SIGTERM unwinds like Ctrl-C, so that it reaches the child process at work.
    """
    home.enter()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    console = Console() if sys.stdout.isatty() else Console(width=LOG_COLUMNS)
    try:
        yield console
    except (ValueError, RuntimeError) as error:
        Console(stderr=True).print(f"[bold red]graspline:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        raise SystemExit(1) from error
