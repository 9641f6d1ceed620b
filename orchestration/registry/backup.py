"""The registry as one file: MLflow's database, the ledger, every version's files, receipts; taken while runs go on.

Databases are copied by SQLite's own online backup, MLflow's before the ledger: so the ledger in the file holds at least
what the registry in it remembers. Files come after both, and a version's files were there before the version. Every
file's sha256 is in the backup's own list, which is written last; the file gets its name when it is whole.

Addresses in it are relative to the project, so it may be restored into another folder.
"""

import hashlib
import json
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from foundation.digests import file_sha256
from foundation.tracking_store import sqlite_file
from model.contracts import TrackingConfig
from orchestration.registry.ledger import ledger_of

CONTENTS = "contents.json"  # {file: sha256}
FOLDERS = ("mlflow_artifacts", "receipts", "training_sets")  # beside MLflow's database


def back_up(tracking: TrackingConfig, file: Path) -> int:
    """Write the backup.

    Returns:
        How many files are in it.

    Raises:
        ValueError: the registry is no folder of this machine, or there is none.
    """
    databases = _databases(tracking)
    if not databases[0].exists():
        raise ValueError(f"{databases[0]} is missing: there is no registry here to back up")
    file.parent.mkdir(parents=True, exist_ok=True)
    contents: dict[str, str] = {}
    partial = file.with_name(f".{file.name}.partial")
    with tempfile.TemporaryDirectory() as copies, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as packed:
        for database in filter(Path.exists, databases):
            copy = Path(copies) / database.name
            _copy(database, copy)
            _add(packed, copy, database.name, contents)
        for name, found in _files(databases[0].parent):
            try:
                _add(packed, found, name, contents)
            except FileNotFoundError:  # a run tidied up meanwhile; no version's file goes
                continue
        packed.writestr(CONTENTS, json.dumps(contents, indent=1))
    partial.replace(file)
    return len(contents)


def restore(tracking: TrackingConfig, file: Path) -> int:
    """Unpack a backup where there is no registry yet; whole or not at all.

    Returns:
        How many files it had.

    Raises:
        ValueError: there is a registry, or the backup is damaged; names the file in it.
    """
    databases = _databases(tracking)
    folder = databases[0].parent
    if there := [database for database in databases if database.exists()]:
        raise ValueError(f"{there[0]} is there already: a backup is restored into a project without a registry only")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".restore-") as unpacked:
        names = _unpack(file, Path(unpacked))
        order = [name for name in names if name != databases[0].name] + [databases[0].name]  # what makes it a registry
        for name in order:
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(Path(unpacked) / name, place)
    return len(names)


def _unpack(file: Path, folder: Path) -> list[str]:
    fix = "take another backup"
    try:
        with zipfile.ZipFile(file) as packed:
            contents: dict[str, str] = json.loads(packed.read(CONTENTS))
            for name, digest in contents.items():
                if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
                    raise ValueError(f"{file}: {name} leads out of the registry: {fix}")
                packed.extract(name, folder)
                if file_sha256(folder / name) != digest:
                    raise ValueError(f"{file}: {name} is damaged (sha256 differs): {fix}")
    except (OSError, KeyError, zipfile.BadZipFile, json.JSONDecodeError) as error:
        raise ValueError(f"{file} cannot be read as a backup ({error}): {fix}") from error
    return list(contents)


def _databases(tracking: TrackingConfig) -> tuple[Path, Path]:
    """MLflow's and the ledger's file."""
    mlflow, ledger = sqlite_file(tracking.uri), sqlite_file(ledger_of(tracking).address)
    if mlflow is None or ledger is None or ledger.parent != mlflow.parent:
        raise ValueError(
            f"{tracking.uri} is no folder of this machine: back up its databases with pg_dump and its artifact store "
            "with the store's own tool, the ledger's database last"
        )
    return mlflow, ledger


def _copy(database: Path, copy: Path) -> None:
    source, target = sqlite3.connect(database), sqlite3.connect(copy)
    try:
        source.backup(target)
    finally:
        source.close()
        target.close()


def _files(registry: Path) -> Iterator[tuple[str, Path]]:
    for folder in FOLDERS:
        for found in sorted((registry / folder).rglob("*")):
            if found.is_file():
                yield found.relative_to(registry).as_posix(), found


def _add(packed: zipfile.ZipFile, file: Path, name: str, contents: dict[str, str]) -> None:
    """What is hashed is what was packed, though somebody writes the file meanwhile."""
    content = file.read_bytes() if file.stat().st_size < _SMALL else None
    if content is None:
        contents[name] = file_sha256(file)
        packed.write(file, name)
        return
    contents[name] = hashlib.sha256(content).hexdigest()
    packed.writestr(name, content)


_SMALL = 100_000_000  # bytes; a larger one is a model's weights, which nobody writes again
