"""What a batch is: its entry in datasets/batches.yaml, the digest of its folder, its receipts, and whether it is valid.

Small, without DVC, Great Expectations or torch: everything that reads a batch may import it.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, Field

from data.clips.manifest import NAME as MANIFEST
from data.config import BatchOrder
from data.contracts import PreparedBatch, RawBatch
from data.thresholds import ValidationThresholds
from foundation.clip_format import ClipFormat
from foundation.digests import digest_of, file_digests, folder_digest
from foundation.map_items import MapKind, Spread

BATCHES = Path("datasets/batches.yaml")
RAW = Path("datasets/raw")
VALIDATION, VALIDATION_PAGE = "validation.json", "validation.html"
DELIVERY = "delivery.json"


class BatchEntry(BaseModel, frozen=True, extra="forbid"):
    """One batch in datasets/batches.yaml: everything its DVC stages read."""

    order: BatchOrder = Field(discriminator="source")
    clip: ClipFormat
    validation: ValidationThresholds = ValidationThresholds()
    preparation_processes: int = 2
    map: MapKind = "processes"
    ray_address: str | None = None
    encoders: str  # the batch whose encoders this one is encoded with
    encoding: dict[str, Any]  # model.contracts.EncodingConfig, which this layer does not know

    @property
    def spread(self) -> Spread:
        """Over what the batch's clips are spread."""
        return Spread(self.map, self.preparation_processes, self.ray_address)


class Validation(BaseModel, frozen=True, extra="forbid"):
    """validation.json of a prepared batch."""

    valid: bool
    clips: int
    failures: list[str]
    accepted: list[str] = []  # known defects that the configuration accepts, each with its reason
    no_longer: list[str] = []  # accepted defects that do not occur
    manifest_sha256: str  # of the manifest that was judged
    files_digest: str  # of every other file that was judged
    raw_digest: str  # of the raw folder it was made from


def known_batches() -> dict[str, dict[str, Any]]:
    """Every batch ever ordered, as datasets/batches.yaml has it."""
    return (yaml.safe_load(BATCHES.read_text()) or {}).get("batches") or {} if BATCHES.exists() else {}


def arrived_batches(raw: Path = RAW) -> list[str]:
    """Folders that people put into datasets/raw: the manifest is copied last, so one without it is still on its way."""
    folders = sorted(file.parent for file in raw.glob("*/manifest.jsonl") if not file.parent.name.startswith("."))
    return [folder.name for folder in folders if not (folder / DELIVERY).exists() or _delivered_as(folder) == "arrived"]


def batch_entry(batch: str) -> BatchEntry:
    """The entry of one batch.

    Raises:
        ValueError: no such batch.
    """
    batches = known_batches()
    if batch not in batches:
        raise ValueError(f"batch {batch} is not in {BATCHES}: known are {', '.join(sorted(batches)) or 'none'}")
    return BatchEntry.model_validate(batches[batch])


def raw_receipt(batch: str) -> RawBatch:
    """Receipt of datasets/raw/<batch>.

    Raises:
        ValueError: it was not delivered.
    """
    folder = RAW / batch
    delivery = _read(folder / DELIVERY)
    return RawBatch(
        batch=batch,
        folder=str(folder),
        source=delivery["settings"]["source"],
        clips=delivery["clips"],
        digest=folder_digest(folder),
    )


def prepared_receipt(batch: str) -> PreparedBatch:
    """Receipt of datasets/prepared/<batch>, valid or not.

    Raises:
        ValueError: it was not prepared.
    """
    folder = Path("datasets/prepared") / batch
    found = read_validation(folder)
    return PreparedBatch(
        batch=batch,
        folder=str(folder),
        clips=found.clips,
        digest=folder_digest(folder),
        raw_digest=found.raw_digest,
        valid=found.valid,
        failures=found.failures,
        accepted=found.accepted,
        no_longer=found.no_longer,
        validation_page=str(folder / VALIDATION_PAGE),
        contact_sheet=str(folder / "contact_sheet.png"),
    )


def read_validation(prepared: Path) -> Validation:
    """What validation said of a prepared folder."""
    return Validation.model_validate(_read(prepared / VALIDATION))


def assert_valid(prepared: Path) -> None:
    """To be called by whoever consumes a prepared folder: fails closed.

    Raises:
        ValueError: it was not validated, it failed, or its manifest or a file is not the one that was judged.
    """
    found = read_validation(prepared)
    if found.manifest_sha256 != sha256((prepared / MANIFEST).read_bytes()).hexdigest():
        raise ValueError(f"{prepared / MANIFEST} was changed after its validation: prepare the batch again")
    if found.files_digest != judged_files(prepared):
        raise ValueError(f"files in {prepared} were changed after its validation: prepare the batch again")
    if not found.valid:
        faults = "\n".join(found.failures)
        raise ValueError(f"{prepared} failed validation ({len(found.failures)} faults), it is not used:\n{faults}")


def judged_files(prepared: Path) -> str:
    """One digest for every file of a prepared folder, validation's own and the manifest left out."""
    own = {MANIFEST, VALIDATION, VALIDATION_PAGE}
    return digest_of({name: digest for name, digest in file_digests(prepared).items() if name not in own})


def _read(file: Path) -> dict[str, Any]:
    if not file.exists():
        raise ValueError(f"{file} is missing: make the batch again")
    return json.loads(file.read_text())


def _delivered_as(folder: Path) -> str:
    return _read(folder / DELIVERY)["settings"]["source"]
