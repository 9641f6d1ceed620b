"""Content digests of files and folders: the identity of every batch and artifact, the same on every machine.

Hashes of a folder's files are remembered in datasets/.memory/, one file a folder, so that asking again costs a stat a
file and one batch costs nothing of another.
"""

import json
import os
from collections.abc import Iterable
from hashlib import file_digest, sha256
from pathlib import Path

from foundation.state_file import read_state
from foundation.whole_file import write_whole

CACHE = Path("datasets/.memory/digests")
Stamped = tuple[str, str]
"""[stamp of the file when it was read, its sha256]"""


def file_sha256(file: Path | str) -> str:
    """Hex sha256 of a file's bytes, which are read."""
    with open(file, "rb") as handle:
        return file_digest(handle, "sha256").hexdigest()


def text_sha256(text: str) -> str:
    """Hex sha256 of a text's UTF-8 bytes: of the file that `write_whole` makes of it."""
    return sha256(text.encode()).hexdigest()


def folder_digest(folder: Path) -> str:
    """sha256 over the sorted (relative path, sha256) of every file in the folder.

    A file is read again only where its size, times or inode differ from when it was last read.

    Raises:
        ValueError: the folder does not exist or is empty.
    """
    return digest_of(file_digests(folder))


def files_digest(folder: Path, files: Iterable[Path]) -> str:
    """The same over some of its files.

    Raises:
        ValueError: there are none.
    """
    names = sorted(file.relative_to(folder).as_posix() for file in files)
    if not names:
        raise ValueError(f"{folder} is missing or empty: make it again")
    return digest_of(digests_of(folder, names))


def file_digests(folder: Path) -> dict[str, str]:
    """{relative path: sha256} of every file in the folder.

    Raises:
        ValueError: the folder does not exist or is empty.
    """
    names = file_names(folder)
    if not names:
        raise ValueError(f"{folder} is missing or empty: make it again")
    return digests_of(folder, names)


def file_names(folder: Path) -> list[str]:
    """Relative path of every file in the folder, sorted; empty where there is no such folder."""
    return sorted(_names(str(folder), ""))


def digest_of(digests: dict[str, str]) -> str:
    """One digest for many files: {relative path: sha256}.

    Raises:
        ValueError: the name of a file is not UTF-8.
    """
    try:
        return sha256("".join(f"{name} {digests[name]}\n" for name in sorted(digests)).encode()).hexdigest()
    except UnicodeEncodeError as error:
        odd = next(name for name in digests if not name.isprintable())
        raise ValueError(f"the name of file {odd!r} is not UTF-8: rename the file") from error


def digests_of(folder: Path, names: list[str]) -> dict[str, str]:
    """{relative path: sha256} of some of the folder's files, which are there. What is not named is forgotten."""
    root = str(folder.resolve())
    memory = CACHE / f"{sha256(root.encode()).hexdigest()[:24]}.json"
    cache = _remembered(memory)
    stamped = {name: _stamped(f"{root}/{name}", cache.get(name)) for name in names}
    if stamped != cache and CACHE.parents[1].is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        write_whole(memory, json.dumps(stamped))
    return {name: digest for name, (_, digest) in stamped.items()}


def _remembered(memory: Path) -> dict[str, Stamped]:
    """What was hashed before; nothing where that does not read: then all is hashed again."""
    try:
        return read_state(memory, dict[str, Stamped], "it is made anew")
    except ValueError:
        return {}


def _names(folder: str, prefix: str) -> Iterable[str]:
    """Relative paths of all files below a folder. By hand: pathlib takes three times as long over 60,000 files."""
    if not os.path.isdir(folder):
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from _names(entry.path, f"{prefix}{entry.name}/")
            elif entry.is_file():
                yield prefix + entry.name


def _stamped(file: str, cached: Stamped | None) -> Stamped:
    status = os.stat(file)
    stamp = f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"
    if cached and cached[0] == stamp:
        return cached
    return stamp, file_sha256(file)
