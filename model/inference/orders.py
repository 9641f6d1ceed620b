"""What a person asks for: one order a video, from options or from a list in the authors' CSV format.

The CSV has the columns of the public inference script: audio, person_image, prompt, and if there are any prompt2,
prompt3, ... (one a chained clip), product_image, pose_video, scale. Paths are relative to the CSV's folder.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ClipOrder:
    """One video, or the same one from several seeds."""

    person: Path
    audio: Path
    prompts: Sequence[str]  # one a clip; several are chained
    out: Path  # with several seeds, each video's name says its own
    product: Path | None = None
    product_scale: float = 1.0
    pose: Path | None = None
    seeds: Sequence[int] = (0,)
    seconds: float | None = None  # of each clip; None: the artifact's whole clip

    def file(self, seed: int) -> Path:
        """Where a seed's video goes."""
        return self.out if len(self.seeds) == 1 else self.out.with_stem(f"{self.out.stem}_seed{seed}")


def read_orders(file: Path, out: Path, seeds: Sequence[int], seconds: float | None) -> list[ClipOrder]:
    """One order a row; row n goes to `<out>_00n.mp4`.

    Raises:
        ValueError: the file is missing or empty, or a row lacks an input; names row and column.
    """
    try:
        with file.open(newline="") as handle:
            rows = list(csv.DictReader(handle))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{file} cannot be read ({error}): give a CSV file with a header") from error
    if not rows:
        raise ValueError(f"{file} has no row: give one line a video under a header")
    _check_columns(file, list(rows[0]))
    return [
        ClipOrder(
            person=_path(file, number, row, "person_image"),
            audio=_path(file, number, row, "audio"),
            prompts=_prompts(file, number, row),
            out=out.with_stem(f"{out.stem}_{number:03d}"),
            product=_path(file, number, row, "product_image") if row.get("product_image") else None,
            product_scale=_scale(file, number, row),
            pose=_path(file, number, row, "pose_video") if row.get("pose_video") else None,
            seeds=seeds,
            seconds=seconds,
        )
        for number, row in enumerate(rows)
    ]


def _check_columns(file: Path, columns: Sequence[str | None]) -> None:
    known = {"audio", "person_image", "product_image", "pose_video", "scale", "prompt"}
    strange = [name for name in columns if name not in known and not (name or "").removeprefix("prompt").isdigit()]
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
