"""Content digests of folders: the identity of every batch, the same on every machine.

Hashes of files are remembered in datasets/.digests.json, so that asking again costs a stat a file.
"""

import json
from collections.abc import Iterable
from hashlib import file_digest, sha256
from pathlib import Path

from data.run_folder import write_whole

CACHE = Path("datasets/.digests.json")
Stamped = list[str]
"""[stamp of the file when it was read, its sha256]"""


def folder_digest(folder: Path) -> str:
    """sha256 over the sorted (relative path, sha256) of every file in the folder.

    A file is read again only where its size, times or inode differ from when it was last read.

    Raises:
        ValueError: the folder does not exist or is empty.
    """
    return files_digest(folder, (path for path in folder.rglob("*") if path.is_file()))


def files_digest(folder: Path, files: Iterable[Path]) -> str:
    """The same over some of its files.

    Raises:
        ValueError: there are none.
    """
    names = {file.relative_to(folder).as_posix(): file.resolve() for file in files}
    if not names:
        raise ValueError(f"{folder} is missing or empty: make it again")
    cache: dict[str, Stamped] = json.loads(CACHE.read_text()) if CACHE.exists() else {}
    stamped = {str(file): _stamped(file, cache.get(str(file))) for file in names.values()}
    if any(cache.get(file) != found for file, found in stamped.items()) and CACHE.parent.is_dir():
        kept = {file: found for file, found in cache.items() if Path(file).exists()}
        write_whole(CACHE, json.dumps({**kept, **stamped}))
    lines = [f"{name} {stamped[str(file)][1]}\n" for name, file in sorted(names.items())]
    return sha256("".join(lines).encode()).hexdigest()


def _stamped(file: Path, cached: Stamped | None) -> Stamped:
    status = file.stat()
    stamp = f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"
    if cached and cached[0] == stamp:
        return cached
    with file.open("rb") as handle:
        return [stamp, file_digest(handle, "sha256").hexdigest()]
