"""A batch's receipts, read from its folders: the digest of its bytes, and whether it is valid (validation.json).

Small, without DVC, Great Expectations or torch: everything that reads a batch may import it.
"""

from pathlib import Path

from pydantic import BaseModel

from data.clips.manifest import NAME as MANIFEST
from data.contracts import PreparedBatch, RawBatch
from data.versions.batch_entry import RAW
from data.versions.delivery import read_delivery
from foundation.digests import digest_of, file_digests, file_sha256, folder_digest
from foundation.sealed_file import read_sealed, write_sealed

PREPARED = Path("datasets/prepared")
VALIDATION, VALIDATION_PAGE, CONTACT_SHEET = "validation.json", "validation.html", "contact_sheet.png"


class Validation(BaseModel, frozen=True, extra="forbid"):
    """validation.json of a prepared batch."""

    valid: bool
    clips: int
    failures: list[str]
    accepted: list[str] = []  # known defects that the configuration accepts, each with its reason
    no_longer: list[str] = []  # accepted defects that do not occur
    set_aside: dict[str, list[str]] = {}  # delivered clip that is not in the batch -> its faults
    manifest_sha256: str  # of the manifest that was judged
    files_digest: str  # of every other file that was judged
    raw_digest: str  # of the raw folder it was made from


def raw_receipt(batch: str) -> RawBatch:
    """Receipt of datasets/raw/<batch>.

    Raises:
        ValueError: it was not delivered.
    """
    folder = RAW / batch
    delivery = read_delivery(folder)
    source = delivery.settings["source"]
    return RawBatch(batch=batch, folder=str(folder), source=source, clips=delivery.clips, digest=folder_digest(folder))


def prepared_receipt(batch: str) -> PreparedBatch:
    """Receipt of datasets/prepared/<batch>, valid or not.

    Raises:
        ValueError: it was not prepared.
    """
    folder = PREPARED / batch
    return PreparedBatch(
        batch=batch,
        folder=str(folder),
        digest=folder_digest(folder),
        validation_page=str(folder / VALIDATION_PAGE),
        contact_sheet=str(folder / CONTACT_SHEET),
        **read_validation(folder).model_dump(exclude={"manifest_sha256", "files_digest"}),
    )


def is_validated(prepared: Path) -> bool:
    """Whether a prepared folder was validated, with whatever result."""
    return (prepared / VALIDATION).exists()


def read_validation(prepared: Path) -> Validation:
    """What validation said of a prepared folder. ValueError: nothing yet, or the file was changed since."""
    if not is_validated(prepared):
        raise ValueError(f"{prepared / VALIDATION} is missing: prepare the batch again")
    return Validation.model_validate(read_sealed(prepared / VALIDATION, "remove it and prepare the batch again"))


def write_validation(prepared: Path, validation: Validation) -> None:
    """Write validation.json, sealed, beside the manifest and the files that were judged."""
    write_sealed(prepared / VALIDATION, validation.model_dump(mode="json"))


def assert_valid(prepared: Path) -> None:
    """To be called by whoever consumes a prepared folder: fails closed.

    Raises:
        ValueError: it was not validated, it failed, or its manifest or a file is not the one that was judged.
    """
    validation = read_validation(prepared)
    if changed := changed_files(prepared, validation):
        raise ValueError(f"{', '.join(changed)} in {prepared} changed after validation: prepare the batch again")
    if not validation.valid:
        count, failures = len(validation.failures), "\n".join(validation.failures)
        raise ValueError(f"{prepared} failed validation ({count} failures), it is not used:\n{failures}")


def changed_files(prepared: Path, validation: Validation) -> list[str]:
    """Which of the manifest and the clips are not what was judged."""
    judged, names = judged_files(prepared), {"manifest_sha256": MANIFEST, "files_digest": "clips"}
    return [name for key, name in names.items() if judged[key] != getattr(validation, key)]


def judged_files(prepared: Path) -> dict[str, str]:
    """Digests of what is judged of a prepared folder: of its manifest, and of the other files but validation's own."""
    own = {MANIFEST, VALIDATION, VALIDATION_PAGE}
    files = {name: digest for name, digest in file_digests(prepared).items() if name not in own}
    return {"manifest_sha256": file_sha256(prepared / MANIFEST), "files_digest": digest_of(files)}
