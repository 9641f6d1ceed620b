"""Write a text file so that a reader sees all of it or none, whenever the writer is stopped."""

import os
from pathlib import Path


def write_whole(file: Path, text: str) -> None:
    """Write a text file (UTF-8, `\\n` kept as it is): temporary name, fsync, rename."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    with temporary.open("w", encoding="utf-8", newline="") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    temporary.replace(file)
