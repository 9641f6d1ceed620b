"""A folder in the CSV format of the authors' public code, copied whole; `records` reads its table."""

from pathlib import Path
from typing import Any

from data.contracts import ClipRecord
from data.sources import Source
from data.sources.released_csv.config import ReleasedCsvBatch
from foundation.clip_format import ClipFormat
from foundation.copy_delivery import delivery_digest
from foundation.map_items import Spread


class ReleasedCsv(Source[ReleasedCsvBatch]):
    """See data.sources.Source."""

    Config = ReleasedCsvBatch

    def deliver(self, config: ReleasedCsvBatch, clip: ClipFormat, folder: Path, spread: Spread) -> int:
        from data.sources.released_csv.records import deliver

        return deliver(config, folder)

    def settings(self, config: ReleasedCsvBatch, clip: ClipFormat) -> dict[str, Any]:
        """How the CSV is read may change without a new delivery."""
        return {"source": config.source, "csv": config.csv, "delivery_digest": delivery_digest(config.path)}

    def read_records(self, folder: Path, config: ReleasedCsvBatch) -> list[ClipRecord]:
        from data.sources.released_csv.records import read_records

        return read_records(folder, config)

    def frame_rates(self, config: ReleasedCsvBatch, clip: ClipFormat) -> tuple[float, ...]:
        declared = config.container_frames_per_second
        return (float(clip.frames_per_second), *([declared] if declared else []))

    def shown(self, config: ReleasedCsvBatch) -> tuple[str, str]:
        return config.person_id, config.product_id


SOURCE = ReleasedCsv()
