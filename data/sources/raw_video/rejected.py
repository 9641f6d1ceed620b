"""rejected.jsonl: every stretch of footage that became no clip, one line each, with the reason in numbers."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel

from foundation.json_lines import read_lines, write_lines

NAME = "rejected.jsonl"


class Rejection(BaseModel, frozen=True, extra="forbid"):
    """One stretch. Files that cannot be used at all have no seconds and no threshold, their value is what was wrong."""

    video: str  # relative to the footage folder
    from_seconds: float | None = None
    to_seconds: float | None = None
    reason: str
    value: float | str
    threshold: float | None = None
    evidence: dict[str, float] | None = None  # what the value was made of, where it was made of several numbers

    def __str__(self) -> str:
        """For people."""
        where = "" if self.from_seconds is None else f" {self.from_seconds:.2f}-{self.to_seconds:.2f} s"
        value = self.value if isinstance(self.value, str) else f"{self.value:.3g}"
        rule = f", rule {self.threshold:g}" if self.threshold else ""
        because = "".join(f", {name} {number:.2f}" for name, number in (self.evidence or {}).items())
        return f"{self.video}{where}: {self.reason} ({value}{rule}{because})"


def write_rejected(folder: Path, rejected: Iterable[Rejection]) -> None:
    """Write rejected.jsonl, by video and time."""
    ordered = sorted(rejected, key=lambda rejection: (rejection.video, rejection.from_seconds or 0.0, rejection.reason))
    write_lines(folder / NAME, [rejection.model_dump_json(exclude_none=True) for rejection in ordered])


def read_rejected(folder: Path) -> list[Rejection]:
    """What a delivery rejected; nothing where its source rejects nothing."""
    return [Rejection.model_validate_json(line) for _, line in read_lines(folder / NAME)]


def by_reason(rejected: Iterable[Rejection]) -> dict[str, int]:
    """Stretches rejected for each reason, the most frequent first."""
    return dict(Counter(rejection.reason for rejection in rejected).most_common())


def summary(rejected: Iterable[Rejection]) -> str:
    """`4 static, 2 no_speech`."""
    return ", ".join(f"{count} {reason}" for reason, count in by_reason(rejected).items()) or "none"
