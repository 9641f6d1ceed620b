"""How what goes wrong is reported: a fault of a clip with its field, value, rule and fix; a full disk as one."""

import errno
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FULL_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}  # of the disk, of a quota, of the largest allowed file


@dataclass(frozen=True)
class Failure:
    """One fault of one clip."""

    clip_id: str
    field: str
    value: str
    rule: str
    fix: str
    name: str = ""  # of the rule, where it has one: what an accepted defect calls it by
    same_as: tuple[str, ...] = ()  # the clips that it is a copy of, where that is the fault

    def __str__(self) -> str:
        return f"clip {self.clip_id} | field {self.field} | {self.value} | {self.message} | fix: {self.fix}"

    @property
    def message(self) -> str:
        """The rule, its name first where it has one."""
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


@contextmanager
def full_disk_named(folder: Path) -> Generator[None]:
    """Work that writes below `folder`.

    Raises:
        ValueError: the disk, a quota or the largest allowed file is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in FULL_DISK:
            raise
        raise ValueError(
            f"no room left to write {error.filename or folder} ({error.strerror}): make room and run again; what is "
            "whole is kept, nothing half-written is used"
        ) from error
