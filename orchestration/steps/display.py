"""Where a run shows what it does: a live view on a terminal, plain lines in a log."""

import time
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from foundation.progress import parse_progress

QUIET_SECONDS = 15.0
AT_ONCE = ("warning: ", "waiting for ")  # what begins so is shown as it comes


class Timings:
    """How long each step took, and whether it was reused: [(step, batch, seconds, reused)]."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str | None, float, bool]] = []
        self._started = 0.0
        self.current: tuple[str, str | None] = ("", None)

    def begin(self, step: str, batch: str | None) -> None:
        """Start the clock of a step."""
        self.current, self._started = (step, batch), time.monotonic()

    def end(self, reused: bool) -> float:
        """Stop it; returns the step's seconds."""
        seconds = time.monotonic() - self._started
        self.rows.append((*self.current, seconds, reused))
        return seconds


class PlainDisplay:
    """One line when a step starts and ends, one in between every 15 seconds."""

    def __init__(self) -> None:
        self.timings = Timings()
        self._last_print = 0.0

    def begin(self, step: str, batch: str | None) -> None:
        """Note that a step starts."""
        self.timings.begin(step, batch)
        self._last_print = time.monotonic()

    def log(self, line: str) -> None:
        """Show a warning, or for whom it waits, at once, a progress line now and then."""
        if line.startswith(AT_ONCE):
            print(f"  {line}", flush=True)
        found = parse_progress(line)
        if found and time.monotonic() - self._last_print > QUIET_SECONDS:
            done, total, what = found
            print(f"  {label(*self.timings.current)}: {done}/{total} {what}", flush=True)
            self._last_print = time.monotonic()

    def end(self, reused: bool) -> None:
        """Print that it is done."""
        seconds = self.timings.end(reused)
        print(f"{label(*self.timings.current):<34} {'unchanged' if reused else f'{seconds:6.1f} s'}", flush=True)

    def __enter__(self) -> "PlainDisplay":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        """Nothing to put away."""


class LiveDisplay:
    """A bar a step, the running one at the bottom."""

    def __init__(self, console: Console) -> None:
        self.timings = Timings()
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.fields[label]:<34}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.description}"),
            console=console,
        )
        self._task = TaskID(0)

    def begin(self, step: str, batch: str | None) -> None:
        """Add a bar."""
        self.timings.begin(step, batch)
        self._task = self._progress.add_task("", total=None, label=label(step, batch))

    def log(self, line: str) -> None:
        """Show a warning, or for whom it waits; move the bar; anything else of its output is not shown."""
        if line.startswith(AT_ONCE):
            self._progress.console.print(f"  {escape(line)}", highlight=False, soft_wrap=True)
        found = parse_progress(line)
        if found:
            done, total, what = found
            self._progress.update(self._task, completed=done, total=total, description=f"{done}/{total} {what}"[:60])

    def end(self, reused: bool) -> None:
        """Fill the bar."""
        self.timings.end(reused)
        caption = "unchanged" if reused else ""
        self._progress.update(self._task, completed=1, total=1, description=caption)

    def __enter__(self) -> "LiveDisplay":
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        """Leave the bars as they stand."""
        self._progress.stop()


def label(step: str, batch: str | None) -> str:
    """A step and its batch, for people."""
    return f"{step.replace('_', ' ')} ({batch})" if batch else step.replace("_", " ")
