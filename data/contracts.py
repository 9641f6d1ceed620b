"""What the data layer promises to the layers above: one clip's record, one batch's receipts. Imports no room.

Pure pydantic, no work at import. Every model is frozen and refuses unknown fields, so a typo is an error.
"""

from datetime import date
from typing import Annotated

from pydantic import BaseModel

from foundation.bounds import Count, above
from foundation.clip_format import Box
from foundation.names import IdentityIfKnown, Name

EMPTY_CELLS = {"nan", "none", "null", "n/a"}  # what other programs write into an empty cell of a table


class FrameBoxes(BaseModel, frozen=True, extra="forbid"):
    """Boxes on one pixel frame; None where the thing is not in the picture."""

    face: Box | None = None
    left_hand: Box | None = None
    right_hand: Box | None = None
    product: Box | None = None


class Provenance(BaseModel, frozen=True, extra="forbid"):
    """Which tool wrote a field of a clip."""

    tool: str
    version: str
    weights_sha256: str | None = None  # None: the tool has no weights
    licence: str  # of the tool and its weights, as SPDX names it


class ClipRecord(BaseModel, frozen=True, extra="forbid"):
    """One line of `manifest.jsonl`, raw or prepared. Paths are relative to the manifest's folder."""

    clip_id: Name
    prompt: str
    person_id: IdentityIfKnown
    product_id: IdentityIfKnown
    video: str
    hoi_video: str
    audio: str
    person_image: str
    product_image: str | None = None
    motion_video: str | None = None
    pose_video: str | None = None
    frames: Count
    frames_per_second: Annotated[float, above(0, 240)]
    height: Count
    width: Count
    boxes: dict[int, FrameBoxes]  # pixel frame -> boxes; annotated on frames 2, 6, 10 ... (every fourth)
    licence: str = ""  # of the footage, as SPDX names it; validation refuses a clip without
    consent_date: date | None = None  # when the person agreed; validation refuses a clip without
    provenance: dict[str, Provenance] = {}  # field -> the annotator that wrote it; absent: delivered with the clip


class PreparedBatch(BaseModel, frozen=True, extra="forbid"):
    """Receipt of datasets/prepared/<batch>: enough to check that the folder is what it was."""

    batch: Name
    folder: str  # relative to the project root
    clips: int
    digest: str  # sha256 over the sorted (relative path, sha256) of every file in the folder
    raw_digest: str
    valid: bool  # every Great Expectations rule passed on the clips that are in it
    failures: list[str]  # "clip 0003 | field hand_boxes | ... | fix: ..."
    accepted: list[str] = []  # the same for known defects that the configuration accepts, each with the reason
    no_longer: list[str] = []  # accepted defects that do not occur
    set_aside: dict[str, list[str]] = {}  # delivered clip that is not in it -> its faults; `clips` does not count it
    validation_page: str = ""  # HTML, relative to the project root
    contact_sheet: str  # PNG, relative to the project root


class RawBatch(BaseModel, frozen=True, extra="forbid"):
    """Receipt of datasets/raw/<batch>, as delivered."""

    batch: Name
    folder: str
    source: str
    clips: int
    digest: str
