"""footage.csv, footage.jsonl or footage.yaml: what nobody can see in a video, one entry a file.

    video,person_id,product_id,prompt,licence,consent_date,product_image,sound,frames_per_second
    march/take_01.mp4,anna,mug-3,"Anna turns the mug, smiling.",CC-BY-4.0,2026-03-01,mug.png,,

Only `video` must be filled; paths are relative to the footage folder. `sound`: a file that was recorded beside the
video, starting with its first picture. `frames_per_second`: the real rate, where the container states a wrong one.
A video without an entry, or a folder without a sidecar, is cut and annotated all the same with these fields empty:
validation then refuses its clips and names field and fix, because no captioner writes prompts here and nobody but
people know who agreed to what. They are filled in manifest.jsonl of the raw batch, or here before delivery.
"""

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, Field, ValidationError, field_validator

from data.clips.manifest import inside
from data.contracts import EMPTY_CELLS
from foundation.json_lines import read_json_lines
from foundation.names import IdentityIfKnown
from foundation.tables import read_table
from foundation.texts import check_whole, read_text

NAMES = ("footage.csv", "footage.jsonl", "footage.yaml")


class FootageEntry(BaseModel, frozen=True, extra="forbid"):
    """What is known of one video."""

    video: str = Field(min_length=1)
    person_id: IdentityIfKnown = ""
    product_id: IdentityIfKnown = ""
    prompt: str = ""
    licence: str = ""
    consent_date: date | None = None
    product_image: str | None = None
    sound: str | None = None
    frames_per_second: Annotated[float, Field(gt=0, le=240, allow_inf_nan=False)] | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _given_or_left_out(cls, value: Any) -> Any:
        if isinstance(value, str) and value.strip().lower() in EMPTY_CELLS:
            raise ValueError(f"{value!r} is what a program writes for nothing: leave it empty")
        if isinstance(value, float) and value != value:
            raise ValueError("NaN is what a program writes for nothing: leave it empty")
        if isinstance(value, str):
            check_whole(value)
        return value.strip() if isinstance(value, str) else value


def sidecar_of(footage: Path) -> Path | None:
    """The sidecar of a footage folder, or None.

    Raises:
        ValueError: there are two.
    """
    present = [footage / name for name in NAMES if (footage / name).is_file()]
    if len(present) > 1:
        raise ValueError(f"{footage} holds {present[0].name} and {present[1].name}: keep one")
    return present[0] if present else None


def read_sidecar(footage: Path) -> dict[str, FootageEntry]:
    """video -> its entry.

    Raises:
        ValueError: a line is no entry, names a file that is missing or outside the folder, or a video a second time;
            all faults at once, each with its place and fix.
    """
    file = sidecar_of(footage)
    entries: dict[str, FootageEntry] = {}
    faults: list[str] = []
    for place, values in _rows(file) if file else []:
        try:
            entry = FootageEntry.model_validate(
                {key: value for key, value in values.items() if value not in ("", None)}
            )
        except ValidationError as error:
            faults += [f"{place}: {_fault(problem)}" for problem in error.errors()]
            continue
        faults += [f"{place}: {fault}" for fault in _faults_of(footage, entry, entries)]
        entries[entry.video] = entry
    if faults:
        raise ValueError(f"{len(faults)} faults in {file}:\n" + "\n".join(faults))
    return entries


def _rows(file: Path) -> list[tuple[str, dict[str, Any]]]:
    """[(place for messages, values)]"""
    if file.suffix == ".csv":
        return [(f"line {line}", row) for line, row in read_table(file)[1]]
    if file.suffix == ".jsonl":
        return [(f"line {number}", _mapping(file, values)) for number, values in read_json_lines(file)]
    try:
        listed = yaml.safe_load(read_text(file)) or []
    except yaml.YAMLError as error:
        raise ValueError(f"{file} cannot be read: {error}: mend it") from error
    if not isinstance(listed, list):
        raise ValueError(f"{file} must be a list of entries, `- video: ...`")
    return [(f"entry {number}", _mapping(file, entry)) for number, entry in enumerate(listed, 1)]


def _mapping(file: Path, entry: Any) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise ValueError(f"{file}: {str(entry)[:60]!r} is no entry: write {{video: ..., person_id: ...}}")
    return entry


def _faults_of(footage: Path, entry: FootageEntry, known: dict[str, FootageEntry]) -> list[str]:
    faults = [f"video {entry.video} has an entry already: keep one"] if entry.video in known else []
    for field in ("video", "product_image", "sound"):
        name = getattr(entry, field)
        if name is None:
            continue
        path = inside(footage, name)
        if path is None:
            faults.append(f"{field} {name} leads out of the folder: put the file there and name it from there")
        elif not path.is_file():
            faults.append(f"{field} {name} is missing: deliver the file, or correct the name")
    return faults


def _fault(problem: Any) -> str:
    field = ".".join(map(str, problem["loc"]))
    if problem["type"] == "extra_forbidden":
        return f"{field} is unknown: known are {', '.join(FootageEntry.model_fields)}"
    return f"{field}: {problem['msg']}"
