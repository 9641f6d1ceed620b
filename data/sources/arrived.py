"""A folder that somebody put into datasets/raw: its manifest.jsonl (ClipRecord lines), copied last, describes it."""

from pathlib import Path

from data.clips.manifest import NAME, read_manifest
from data.sources import BatchConfig, Source
from data.versions.delivery import is_delivered, read_delivery
from foundation.clip_format import ClipFormat
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
        """Count the clips. ValueError: the folder has no manifest, or a line of it is no clip."""
        return len(read_manifest(folder))


SOURCE = Arrived()


def arrived_batches(raw: Path = Path("datasets/raw")) -> list[str]:
    """Folders that people put into datasets/raw; one without its manifest is still being copied.

    A folder that has no name for a batch is left out: `misnamed_arrivals` says what to do with it.
    """
    return [
        folder.name
        for folder in _folders(raw)
        if is_name(folder.name)
        and (not is_delivered(folder) or read_delivery(folder).settings["source"] == SOURCE_NAME)
    ]


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
