"""One line a step on standard output, which the launcher turns into a progress bar and keeps in the log.

A line survives every process boundary (DVC, torchrun), needs no shared state and reads well in a log:
`progress 12/256 clips prepared`.
"""

import re

LINE = re.compile(r"^progress (\d+)/(\d+) (.*)$")


def report_progress(done: int, total: int, what: str) -> None:
    """Print one progress line, at once."""
    print(f"progress {done}/{total} {what}", flush=True)


def parse_progress(line: str) -> tuple[int, int, str] | None:
    """(done, total, what), or None where the line is no progress line."""
    match = LINE.match(line.rstrip())
    return (int(match[1]), int(match[2]), match[3]) if match else None
