"""What may lie in a delivery: regular files inside it, under names that are text. Looked at before anybody opens one.

A link brings in a file of the machine that was never delivered, a pipe keeps its reader waiting for ever, a device has
no end. Links that lead to a file of the same delivery are files.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from foundation.media_limits import GIGA, LIMITS, MediaLimits

SHOWN = 5  # faults in a message
KINDS = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


def delivered_files(folder: Path, limits: MediaLimits = LIMITS, hidden: bool = False) -> list[Path]:
    """The files of a delivery, sorted; those whose name begins with a dot only where they are asked for.

    Raises:
        ValueError: something else lies there (a link that leads out or to a folder, a pipe, a socket, a device), a file
            that may not be read or is too large, a name that is no text; or the folder itself is none. Names each.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder: deliver it again")
    files: list[Path] = []
    faults: list[str] = []
    for path in _walk(folder, hidden):
        if fault := _fault(folder.resolve(), path, limits):
            faults.append(f"{str(path)!a}"[1:-1] + f" {fault}")
        else:
            files.append(path)
    if faults:
        more = f" (and {len(faults) - SHOWN} more)" if len(faults) > SHOWN else ""
        raise ValueError("; ".join(faults[:SHOWN]) + more)
    return sorted(files)


def check_delivery(folder: Path, limits: MediaLimits = LIMITS) -> None:
    """Refuse a delivery that lies where it will be used, hidden files included.

    Raises:
        ValueError: as `delivered_files`; or the folder is itself a link.
    """
    if folder.is_symlink():
        raise ValueError(f"{folder} is a link: put the folder itself there, or name it as data.path=FOLDER of a source")
    delivered_files(folder, limits, hidden=True)


def _walk(folder: Path, hidden: bool) -> Iterator[Path]:
    """All but folders; a link is never followed."""
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name.startswith(".") and not hidden:
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(Path(entry.path), hidden)
            else:
                yield Path(entry.path)


def _fault(root: Path, path: Path, limits: MediaLimits) -> str:
    """What is wrong with it, and the fix; nothing where it is a file."""
    if not path.name.isprintable():
        return "has a name with characters that cannot be shown: rename it"
    if path.is_symlink():
        try:
            target = path.resolve(strict=True)
        except (OSError, RuntimeError):
            return "is a link to nothing: put the file itself there"
        if not target.is_relative_to(root):
            return f"is a link that leads out of {root}: put the file itself there"
        if target.is_dir():
            return "is a link to a folder: put the folder itself there"
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        return f"is {KINDS.get(stat.S_IFMT(status.st_mode), 'no file')}: remove it"
    if status.st_size > limits.file_gigabytes * GIGA:
        return (
            f"has {status.st_size / GIGA:.1f} GB, the limit is {limits.file_gigabytes:g}: cut it, or raise "
            "limits.file_gigabytes of the batch"
        )
    return "" if os.access(path, os.R_OK) else "may not be read: give yourself the right to read it"
