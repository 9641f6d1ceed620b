"""A folder that somebody put into datasets/raw: its manifest.jsonl (ClipRecord lines), copied last, describes it.

It may be copied again, mended or replaced at any time, so an arrival is told by its content, and each by itself: one
that cannot be read stands in nobody's way.
"""

from pathlib import Path

from data.clips.manifest import MEDIA_FIELDS, NAME, read_each, read_manifest
from data.sources import BatchConfig, Source
from data.versions.delivery import NAME as DELIVERY
from data.versions.delivery import read_delivery
from foundation.clip_format import ClipFormat
from foundation.digests import digest_of, file_digests
from foundation.map_items import Spread
from foundation.names import check_name, is_name

SOURCE_NAME = "arrived"


class ArrivedBatch(BatchConfig, frozen=True, extra="forbid"):
    """There is nothing to configure."""

    source: str = SOURCE_NAME


class Arrived(Source[ArrivedBatch]):
    """See data.sources.Source."""

    Config = ArrivedBatch
    in_place = True

    def deliver(self, config: ArrivedBatch, clip: ClipFormat, folder: Path, spread: Spread) -> int:
        """Count the clips. ValueError: the folder has no manifest, or an empty one."""
        return len(read_each(folder))


SOURCE = Arrived()


def arrived_batches(raw: Path = Path("datasets/raw")) -> list[str]:
    """Folders that people put into datasets/raw; one without its manifest is still being copied.

    A folder that has no name for a batch is left out: `misnamed_arrivals` says what to do with it.
    """
    return [folder.name for folder in _folders(raw) if is_name(folder.name) and _came_by_itself(folder)]


def misnamed_arrivals(raw: Path = Path("datasets/raw")) -> list[str]:
    """For every folder with a manifest whose name cannot be a batch's: a line that says why, and the fix."""
    return [
        f"warning: a delivery in {raw} is not taken in: {_why(folder.name)} (rename the folder)"
        for folder in _folders(raw)
        if not is_name(folder.name)
    ]


def _folders(raw: Path) -> list[Path]:
    return sorted(file.parent for file in raw.glob(f"*/{NAME}") if not file.parent.name.startswith("."))


def _why(name: str) -> str:
    try:
        return check_name(name)
    except ValueError as error:
        return str(error)


def arrival_content(folder: Path) -> str:
    """Digest of all that people put into the folder.

    Raises:
        OSError: it is being copied or removed right now.
    """
    return digest_of({name: digest for name, digest in file_digests(folder).items() if name != DELIVERY})


def is_complete(folder: Path) -> bool:
    """Whether every file that the manifest names is there; False, too, where the manifest cannot be read."""
    try:
        records = read_manifest(folder)
    except ValueError:
        return False
    named = [getattr(record, field) for record in records for field in MEDIA_FIELDS]
    return all((folder / name).exists() for name in named if name)


def _came_by_itself(folder: Path) -> bool:
    """Whether no other source delivered it. Where that cannot be read, the batch's own step says so and refuses it."""
    if not (folder / DELIVERY).exists():
        return True
    try:
        return read_delivery(folder).settings.get("source") == SOURCE_NAME
    except ValueError:
        return True
