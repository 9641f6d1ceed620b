"""The receipt of fitted recognisers. Imports no torch: steps pass it on."""

from pydantic import BaseModel


class FittedRecognisers(BaseModel, frozen=True, extra="forbid"):
    """Recognisers that were fitted for an examiner."""

    file: str | None  # None: the training clips are not the studio's
    digest: str  # sha256 of the file
    version: int
