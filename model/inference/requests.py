"""What a person asks for: one request a video, from options or from a list in the authors' CSV format.

The CSV has the columns of the public inference script: audio, person_image, prompt, and if there are any prompt2,
prompt3, ... (one a chained clip), product_image, pose_video, scale. Paths are relative to the CSV's folder.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from foundation.sound import Sound
from foundation.tables import read_table
from model.inference.read_inputs import Picture


@dataclass(frozen=True)
class GenerationRequest:
    """One video, or the same one from several seeds."""

    person: Picture
    audio: Path | Sound
    prompts: Sequence[str]  # one a clip; several are chained
    product: Picture | None = None
    product_scale: float = 1.0
    pose: Path | None = None
    seeds: Sequence[int] = (0,)
    seconds: float | None = None  # of each clip; None: the artifact's whole clip
    sampling: Mapping[str, Any] = field(default_factory=dict[str, Any])  # of SamplingConfig; else as it was exported


def read_requests(file: Path, common: Mapping[str, Any]) -> list[GenerationRequest]:
    """One request a row.

    Args:
        file: the list.
        common: fields of GenerationRequest that are the same for all rows: seeds, seconds, sampling.

    Raises:
        ValueError: the file is missing or empty, or a row lacks an input; names row and column.
    """
    try:
        columns, rows = read_table(file)
    except OSError as error:
        raise ValueError(f"{file} cannot be read ({error}): give a CSV file with a header") from error
    if not rows:
        raise ValueError(f"{file} has no row: give one line a video under a header")
    _check_columns(file, columns)
    return [replace(_request(file, number, row), **common) for number, (_, row) in enumerate(rows)]


def _request(file: Path, number: int, row: dict[str, str]) -> GenerationRequest:
    return GenerationRequest(
        person=_path(file, number, row, "person_image"),
        audio=_path(file, number, row, "audio"),
        prompts=_prompts(file, number, row),
        product=_path(file, number, row, "product_image") if row.get("product_image") else None,
        product_scale=_scale(file, number, row),
        pose=_path(file, number, row, "pose_video") if row.get("pose_video") else None,
    )


def _check_columns(file: Path, columns: Sequence[str]) -> None:
    known = {"audio", "person_image", "product_image", "pose_video", "scale", "prompt"}
    strange = [name for name in columns if name not in known and not name.removeprefix("prompt").isdigit()]
    if strange:
        raise ValueError(f"{file}: column {strange[0]} is unknown; known are {', '.join(sorted(known))}, prompt2, ...")


def _prompts(file: Path, number: int, row: dict[str, str]) -> list[str]:
    """prompt, prompt2, prompt3, ... up to the first empty one."""
    names = ["prompt", *sorted((name for name in row if name[6:].isdigit()), key=lambda name: int(name[6:]))]
    given = [(row.get(name) or "").strip() for name in names]
    count = given.index("") if "" in given else len(given)
    if count == 0 or any(given[count:]):
        raise ValueError(f"{file} row {number}: {names[count]} is empty: give the prompts of its clips without a gap")
    return given[:count]


def _path(file: Path, number: int, row: dict[str, str], column: str) -> Path:
    if not row.get(column):
        raise ValueError(f"{file} row {number}: {column} is missing: give a path relative to {file.parent}")
    return file.parent / row[column].strip()


def _scale(file: Path, number: int, row: dict[str, str]) -> float:
    try:
        return float(row.get("scale") or 1.0)
    except ValueError:
        raise ValueError(f"{file} row {number}: scale is {row['scale']!r}: give a number such as 1.0") from None
