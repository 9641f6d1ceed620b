"""What a delivery in the authors' CSV format is ordered with: every quirk it is allowed to have is declared here."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from data.sources import BatchConfig
from foundation.fingerprint import DoesNotDecide


class ReleasedCsvBatch(BatchConfig, frozen=True, extra="forbid"):
    """One delivery, and how its CSV is to be read."""

    path: Annotated[str | None, DoesNotDecide("the digest of what lies in the folder decides")] = None
    csv: str = "data.csv"
    column_map: dict[str, str] = Field(default={})  # {column found in the CSV: released column it stands for}
    time_map: Literal["pixel_frames", "latent_frames"] = "pixel_frames"  # what frame_N in the box JSON counts
    container_frames_per_second: float | None = None  # declared wrong container rate whose frames are really 25 fps
    empty_hand_box: Literal["error", "absent"] = "error"
    person_id: str = "unknown"
    product_id: str = "unknown"
    licence: str = ""  # of the footage, as SPDX names it
    consent_date: date | None = None  # when the person agreed, where it is known
