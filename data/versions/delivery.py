"""delivery.json of a raw batch: out of which settings it was delivered, and how many clips it had then."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from foundation.whole_file import write_whole

NAME = "delivery.json"


class Delivery(BaseModel, frozen=True, extra="forbid"):
    """The file."""

    settings: dict[str, Any]  # `source` and whatever else decides the bytes: data.sources.Source.settings
    clips: int


def is_delivered(folder: Path) -> bool:
    """Whether a folder is a whole delivery: the file is written last."""
    return (folder / NAME).is_file()


def read_delivery(folder: Path) -> Delivery:
    """Raises:
    ValueError: there is none, or it cannot be read.
    """
    file = folder / NAME
    if not is_delivered(folder):
        raise ValueError(f"{file} is missing: delete {folder} and deliver it again")
    try:
        return Delivery.model_validate_json(file.read_bytes())
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{file} is damaged: where people put {folder} there, remove the file; else delete the folder and deliver "
            "it again"
        ) from error


def write_delivery(folder: Path, delivery: Delivery) -> None:
    """Write it, whole or not at all."""
    write_whole(folder / NAME, json.dumps(delivery.model_dump(), indent=1))


def check_delivered(folder: Path, settings: dict[str, Any]) -> None:
    """Compare a raw folder with the settings that it would be delivered with now; a None is not known (any more).

    Raises:
        ValueError: names each setting that differs, and the fix.
    """
    before = read_delivery(folder).settings
    differences = [
        f"{key} {before.get(key)!r} -> {settings.get(key)!r}"
        for key in sorted(before.keys() | settings.keys())
        if before.get(key) != settings.get(key) and settings.get(key, "") is not None
    ]
    if differences:
        raise ValueError(
            f"batch {folder.name} was delivered with other settings ({'; '.join(differences)}): "
            f"name a new batch in conf/data, or delete {folder}"
        )
