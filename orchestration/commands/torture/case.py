"""One odd or hostile delivery: what is done to a good one, and what must come of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from data.clips.manifest import NAME as MANIFEST
from foundation.json_lines import as_json, read_json_lines, write_lines

Outcome = Literal["taken", "refused", "either"]


@dataclass(frozen=True)
class Case:
    """Changes one good delivery of three clips.

    `taken`: odd, but all three clips are to come in. `refused`: the clip, or with it the whole delivery, must stay out,
    and the reason must name one of `names`, where there are any. `either`: both are right, as long as a refusal names
    one of them.
    """

    story: str  # what is odd, in a few words
    change: Callable[[Path], object]  # given the delivery's folder
    expected: Outcome
    names: tuple[str, ...] = ()  # clip, field, file or value of which a refusal names one
    folder: str | None = None  # the delivery's name, where that is what is odd
    check: Callable[[Path], str | None] | None = None  # what is wrong with the prepared batch; None: nothing


def records(delivery: Path) -> list[dict[str, Any]]:
    """The lines of the delivery's manifest."""
    return [record for _, record in read_json_lines(delivery / MANIFEST)]


def write_records(delivery: Path, lines: list[dict[str, Any]]) -> None:
    """Write the manifest anew."""
    write_lines(delivery / MANIFEST, map(as_json, lines))


def change_record(number: int, **fields: Any) -> Callable[[Path], object]:
    """A change that sets fields of one clip's line."""

    def change(delivery: Path) -> None:
        lines = records(delivery)
        lines[number].update(fields)
        write_records(delivery, lines)

    return change


def media(delivery: Path, number: int, field: str) -> Path:
    """The file that a clip's field names."""
    return delivery / str(records(delivery)[number][field])


def clip_id(number: int) -> str:
    """The id of the delivery's clip, as the base delivery has it."""
    return f"s5_{number:04d}"


def nothing(_delivery: Path) -> None:
    """Leaves the delivery as it is."""
