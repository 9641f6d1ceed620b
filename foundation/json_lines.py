"""Files of JSON lines (manifest.jsonl, the ledger, withdrawals ...): the one reader and the one writer of them.

A line ends at `\\n` and nowhere else: JSON leaves U+2028, U+2029 and U+0085 in texts as they are, and `str.splitlines`
would break a record there. UTF-8 by name; a byte order mark at the start, as other programs leave it, is skipped.

Files that grow by a line at a time may end in a torn line, where the process was killed in the middle: a last line
without `\\n` that is no JSON. `appended=True` reads such a file without it, `append_line` removes it before it adds to
the file. In files that people edit it is a mistake, which is named.
"""

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from foundation.texts import check_whole, decoded
from foundation.whole_file import write_whole

_ESCAPED_HALF = re.compile(r"\\u[dD][89a-fA-F]")
BLANK = " \t\r"
Line = tuple[int, str]
"""Its number, from 1, and its text."""


def read_lines(file: Path, appended: bool = False) -> list[Line]:
    """Every line that is not blank; none where the file is not there.

    Args:
        file: to read.
        appended: the file grows by a line at a time; a torn last line does not count.

    Raises:
        ValueError: the file is not UTF-8.
    """
    if not file.exists():
        return []
    content = file.read_bytes()
    if appended:
        whole, end, last = content.rpartition(b"\n")
        content = whole + end if _is_torn(last) else content
    lines = decoded(file, content).split("\n")
    return [(number, line) for number, line in enumerate(lines, 1) if line.strip(BLANK)]


def read_json_lines(file: Path, appended: bool = False) -> list[tuple[int, Any]]:
    """The number and the value of every line that is not blank. Arguments: as of `read_lines`.

    Raises:
        ValueError: the file is not UTF-8, or a line is no JSON; names the file, the line and the fix.
    """
    return [(number, parsed_line(file, number, line)) for number, line in read_lines(file, appended)]


def parsed_line(file: Path, number: int, line: str) -> Any:
    """The value of one line.

    Raises:
        ValueError: it is no JSON; names the file, the line and the fix.
    """
    try:
        value = json.loads(line, parse_constant=_no_number)
        if _ESCAPED_HALF.search(line):
            check_whole(json.dumps(value, ensure_ascii=False))
        return value
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file} line {number}: not JSON ({error}): fix: one JSON object a line") from error


def as_json(value: Any) -> str:
    """A plain value as one line of JSON. ValueError: it holds NaN or an infinity."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def write_lines(file: Path, lines: Iterable[str]) -> None:
    """Write a whole file of lines, each one JSON, so that a reader sees all of it or none."""
    write_whole(file, "".join(_ended(line) for line in lines))


def append_line(file: Path, line: str) -> None:
    """Add one line of JSON in one write, and wait until it is on the disk. One writer at a time."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(descriptor, _mended_end(descriptor) + _ended(line).encode("utf-8"))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _no_number(constant: str) -> None:
    """Python alone reads NaN and infinities; a bound lets NaN through, since no comparison with it holds."""
    raise ValueError(f"{constant} is no number")


def _ended(line: str) -> str:
    assert "\n" not in line, "JSON writes a line break as \\n"
    return line + "\n"


def _is_torn(last: bytes) -> bool:
    """Whether what follows the last line's end is the beginning of a line only."""
    try:
        json.loads(last.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return bool(last.strip())
    return False


def _mended_end(descriptor: int) -> bytes:
    """Remove a torn last line; gives the line's end that a whole one lacks."""
    size = os.fstat(descriptor).st_size
    start, tail = size, b""
    while start and b"\n" not in tail:
        step = min(start, 1 << 16)
        start -= step
        tail = os.pread(descriptor, step, start) + tail
    last = tail.rpartition(b"\n")[2]
    if _is_torn(last):
        os.ftruncate(descriptor, size - len(last))
    return b"\n" if last and not _is_torn(last) else b""
