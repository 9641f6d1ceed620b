"""Copy what somebody delivers, whole and unchanged: what is no file, and a file being written, is refused.

A file is there under its name once all of it is; an interrupted copy goes on.
"""

import shutil
from pathlib import Path

from foundation.delivered_files import delivered_files
from foundation.digests import files_digest
from foundation.progress import report_progress


def copy_delivery(source: Path, folder: Path) -> None:
    """Copy the visible files of `source` into `folder`.

    Raises:
        ValueError: there are none, something that is no file lies there, or a file changed while it was copied.
    """
    files = delivered_files(source)
    stamps, digest = {file: _stamp(file) for file in files}, files_digest(source, files)
    copies = {file: folder / file.relative_to(source) for file in files}
    for done, (file, target) in enumerate(copies.items(), 1):
        if not (target.exists() and target.stat().st_size == file.stat().st_size):
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(f".{target.name}.part")
            shutil.copyfile(file, partial)
            partial.replace(target)
        report_progress(done, len(files), "files copied")
    changed = [file.name for file in files if not file.exists() or _stamp(file) != stamps[file]]
    if changed or files_digest(folder, copies.values()) != digest:
        for target in copies.values():
            target.unlink()
        raise ValueError(
            f"{', '.join(changed) or source} changed while being copied from {source}: wait until the delivery is "
            "complete and run again"
        )


def delivery_digest(path: str | None) -> str | None:
    """Digest of what lies in a delivery's folder; None where there is none (any more)."""
    source = Path(path) if path else None
    return files_digest(source, delivered_files(source)) if source and source.is_dir() else None


def _stamp(file: Path) -> tuple[int, int, int]:
    found = file.stat()
    return found.st_size, found.st_mtime_ns, found.st_ino
