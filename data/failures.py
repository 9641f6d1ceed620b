"""How a fault in the data is told: one line that names the clip, the field, what was found, the rule and the fix."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Failure:
    """One fault of one clip."""

    clip_id: str
    field: str
    value: str
    rule: str
    fix: str
    name: str = ""  # of the rule, where it has one: what an accepted defect calls it by

    def __str__(self) -> str:
        return f"clip {self.clip_id} | field {self.field} | {self.value} | {self.says} | fix: {self.fix}"

    @property
    def says(self) -> str:
        """The rule, its name first."""
        return f"{self.name}: {self.rule}" if self.name else self.rule


class ClipError(ValueError):
    """A clip that cannot be used at all: missing, unreadable, of the wrong rate or size."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure))
        self.failure = failure

    def __reduce__(self) -> tuple[type["ClipError"], tuple[Failure]]:
        return ClipError, (self.failure,)  # crosses the process pool whole


def refuse(clip_id: str, field: str, value: object, rule: str, fix: str) -> ClipError:
    """The error to raise: `raise refuse(...)`."""
    return ClipError(Failure(clip_id, field, str(value), rule, fix))
