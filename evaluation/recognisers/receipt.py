"""The receipt of fitted recognisers. Imports no torch: steps pass it on."""

from pydantic import BaseModel


class FittedRecognisers(BaseModel, frozen=True, extra="forbid"):
    """Recognisers, and the embedded hand locator, that were fitted for an examiner."""

    file: str | None  # None: the training clips are not the studio's
    hand_locator: str | None  # file of the embedded hand locator; None: no training clip has a hand box
    digest: str  # of the files
    version: int
