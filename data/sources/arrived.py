"""A folder that somebody put into datasets/raw: its manifest.jsonl (ClipRecord lines), copied last, describes it."""

from pathlib import Path

from data.clips.manifest import NAME, read_manifest
from data.sources import BatchConfig, Source
from data.versions.delivery import is_delivered, read_delivery
from foundation.clip_format import ClipFormat
from foundation.map_items import Spread

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
    """Folders that people put into datasets/raw; one without its manifest is still being copied."""
    folders = sorted(file.parent for file in raw.glob(f"*/{NAME}") if not file.parent.name.startswith("."))
    return [
        folder.name
        for folder in folders
        if not is_delivered(folder) or read_delivery(folder).settings["source"] == SOURCE_NAME
    ]
