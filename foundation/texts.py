"""Text as people write it and other programs save it: read as UTF-8 by name, shown in one line, whatever it holds."""

import re
import unicodedata
from pathlib import Path

SHOWN = 2000  # characters of a text that are drawn or shown in one line, at most
_HALF = re.compile("[\ud800-\udfff]")


def read_text(file: Path) -> str:
    """A text file's content, line ends as they are; a byte order mark at the start is skipped.

    Raises:
        ValueError: it is not UTF-8; names the file and the fix.
    """
    return decoded(file, file.read_bytes())


def decoded(file: Path, content: bytes) -> str:
    """The same of content that was read already."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} is not UTF-8 (byte {error.start}): save it as UTF-8") from error


def check_whole(text: str) -> None:
    """Refuse half of a surrogate pair, which an escape in JSON or YAML can write and no UTF-8 file can hold.

    Raises:
        ValueError: there is one.
    """
    if half := _HALF.search(text):
        raise ValueError(f"character {half.start() + 1} is \\u{ord(half[0]):x}, half of a surrogate pair: leave it out")


def one_line(text: str, longest: int = SHOWN) -> str:
    """The text in one line: a blank for line breaks and control characters, nothing for marks without a picture."""
    return "".join(mark if mark.isprintable() else _instead_of(mark) for mark in text[:longest])


def _instead_of(mark: str) -> str:
    kind = unicodedata.category(mark)
    return " " if kind[0] == "Z" or kind == "Cc" else "" if kind == "Cf" else "\N{REPLACEMENT CHARACTER}"
