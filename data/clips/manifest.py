"""`manifest.jsonl`: one ClipRecord a line, raw or prepared. People edit a raw one by hand, so every fault is named."""

import re
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from data.contracts import ClipRecord
from foundation.failures import ClipError, refuse
from foundation.json_lines import parsed_line, read_lines, write_lines
from foundation.names import LONGEST_NAME
from foundation.texts import one_line

NAME = "manifest.jsonl"
_CLIP_ID = re.compile(r'"clip_id"\s*:\s*"([A-Za-z0-9][A-Za-z0-9_.-]*)"')
MEDIA_FIELDS = ("video", "hoi_video", "audio", "person_image", "product_image", "motion_video", "pose_video")


def read_manifest(folder: Path, allow_none: bool = False) -> list[ClipRecord]:
    """The clips of `folder/manifest.jsonl`, in the file's order; where that is allowed, none.

    Raises:
        ValueError: no file, no clip, or a line that is no ClipRecord (names file, line, clip, field and fix).
    """
    file = folder / NAME
    if not (allow_none or file.exists()):
        raise ValueError(f"{file} is missing: deliver the batch again")
    lines = read_lines(file)
    if not (allow_none or lines):
        raise ValueError(f"{file} holds no clip: deliver the batch again")
    return [_read_line(file, number, line) for number, line in lines]


def read_each(folder: Path) -> list[ClipRecord | ClipError]:
    """The clips of `folder/manifest.jsonl` in the file's order; a line that is no ClipRecord is its error.

    Raises:
        ValueError: no file, or no clip in it.
    """
    file = folder / NAME
    if not file.exists():
        raise ValueError(f"{file} is missing: deliver the batch again")
    lines = read_lines(file)
    if not lines:
        raise ValueError(f"{file} holds no clip: deliver the batch again")
    return [_read_or_error(file, number, line) for number, line in lines]


def write_manifest(folder: Path, records: Iterable[ClipRecord], with_nulls: bool = False) -> None:
    """Write `folder/manifest.jsonl`, whole or not at all. Fields without a value are left out, or written as null."""
    write_lines(folder / NAME, [record.model_dump_json(exclude_none=not with_nulls) for record in records])


def inside(folder: Path, relative: str) -> Path | None:
    """The file a manifest or CSV names, or None where the name leads out of its folder, or cannot be a file's."""
    try:
        path = (folder / relative).resolve()
        path.exists()
    except (ValueError, OSError):  # a zero byte, half of a surrogate pair; longer than a name may be
        return None
    return folder / relative if path.is_relative_to(folder.resolve()) else None


def _read_or_error(file: Path, number: int, line: str) -> ClipRecord | ClipError:
    try:
        return _read_line(file, number, line)
    except ValueError as error:
        clip_id = _CLIP_ID.search(line)
        name = clip_id[1] if clip_id else f"on line {number}"
        return refuse(name, NAME, str(error), "a line is a clip's record", "correct that field")


def _read_line(file: Path, number: int, line: str) -> ClipRecord:
    values = parsed_line(file, number, line)
    clip_id = one_line(str(values.get("clip_id", "?") if isinstance(values, dict) else "?"), LONGEST_NAME)
    try:
        return ClipRecord.model_validate(values)
    except ValidationError as error:
        faults = "; ".join(
            f"field {'.'.join(map(str, fault['loc'])) or '(line)'}: {fault['msg']}" for fault in error.errors()
        )
        raise ValueError(f"{file} line {number}, clip {clip_id}: {faults}: fix: correct that field") from error
