"""A folder in the CSV format of the authors' public code, copied whole; `records` reads its table."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from data.contracts import ClipRecord
from data.sources import BatchConfig, Source
from foundation.bounds import PathText, Text, above
from foundation.clip_format import ClipFormat
from foundation.copy_delivery import delivery_digest
from foundation.failures import ClipError
from foundation.fingerprint import DoesNotDecide
from foundation.map_items import Spread
from foundation.names import Identity


class ReleasedCsvBatch(BatchConfig, frozen=True, extra="forbid"):
    """One delivery. Every quirk that its CSV may have is declared here."""

    path: Annotated[PathText | None, DoesNotDecide("the digest of what lies in the folder decides")] = None
    csv: Text = "data.csv"
    column_map: dict[Text, Text] = Field(default={})  # {column found in the CSV: released column it stands for}
    time_map: Literal["pixel_frames", "latent_frames"] = "pixel_frames"  # what frame_N in the box JSON counts
    container_frames_per_second: Annotated[float, above(0, 240)] | None = (
        None  # declared wrong container rate whose frames are really 25 fps
    )
    empty_hand_box: Literal["error", "absent"] = "error"
    person_id: Identity = "unknown"
    product_id: Identity = "unknown"
    licence: str = ""  # of the footage, as SPDX names it
    consent_date: date | None = None  # when the person agreed, where it is known


class ReleasedCsv(Source[ReleasedCsvBatch]):
    """See data.sources.Source."""

    Config = ReleasedCsvBatch

    def deliver(self, config: ReleasedCsvBatch, clip: ClipFormat, folder: Path, spread: Spread) -> int:
        from data.sources.released_csv.records import deliver

        return deliver(config, folder)

    def settings(self, config: ReleasedCsvBatch, clip: ClipFormat) -> dict[str, Any]:
        """How the CSV is read may change without a new delivery."""
        return {"source": config.source, "csv": config.csv, "delivery_digest": delivery_digest(config.path)}

    def read_records(self, folder: Path, config: ReleasedCsvBatch) -> list[ClipRecord | ClipError]:
        from data.sources.released_csv.records import read_each

        return read_each(folder, config)

    def frame_rates(self, config: ReleasedCsvBatch, clip: ClipFormat) -> tuple[float, ...]:
        declared = config.container_frames_per_second
        return (float(clip.frames_per_second), *([declared] if declared else []))

    def shown(self, config: ReleasedCsvBatch) -> tuple[str, str]:
        return config.person_id, config.product_id


SOURCE = ReleasedCsv()
