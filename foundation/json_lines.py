"""Files of JSON lines (manifest.jsonl, the ledger, receipts): the one reader and the one writer of them.

A line ends at `\\n` and nowhere else: JSON leaves U+2028, U+2029 and U+0085 in texts as they are, and `str.splitlines`
would break a record there. UTF-8 by name; a byte order mark at the start, as other programs leave it, is skipped.
"""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from foundation.run_folder import write_whole


def read_json_lines(file: Path) -> Iterator[tuple[int, Any]]:
    """The number (from 1) and the value of every line that is not blank.

    Raises:
        ValueError: the file is not UTF-8, or a line is no JSON; names the file, the line and the fix.
    """
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} is not UTF-8 (byte {error.start}): save it as UTF-8") from error
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip(" \t\r"):
            continue
        try:
            yield number, json.loads(line)
        except ValueError as error:
            raise ValueError(f"{file} line {number} is no JSON ({error}): mend the line") from error


def as_line(value: Any) -> str:
    """One value as its line, with the line's end."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n"


def write_json_lines(file: Path, values: Iterable[Any]) -> None:
    """Write a whole file of lines, so that a reader sees all of it or none."""
    write_whole(file, "".join(as_line(value) for value in values))


def append_json_line(file: Path, value: Any) -> None:
    """Add one line in one write, and wait until it is on the disk."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(descriptor, as_line(value).encode("utf-8"))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
