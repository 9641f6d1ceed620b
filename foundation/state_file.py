"""Files in which one process leaves its state for another: read as what they should hold, or refused in one line.

They are written whole (foundation.whole_file), so what is wrong with one was done to it later: by a disk, a copy that
broke off, an editor. Whoever can do without falls back instead of asking for a fix. What must not be edited is sealed
(foundation.sealed_file).
"""

from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

Kind = TypeVar("Kind")


def read_state(file: Path, kind: type[Kind], fix: str) -> Kind:
    """What a JSON file holds, as `kind`: a pydantic model, or dict[str, str] and the like.

    Args:
        file: the file.
        kind: what it should hold.
        fix: what makes the file anew; it ends the message.

    Raises:
        ValueError: it is missing, no JSON, or holds something else; names file, field and fix.
    """
    try:
        return TypeAdapter(kind).validate_json(file.read_bytes())
    except FileNotFoundError as error:
        raise ValueError(f"{file} is missing: {fix}") from error
    except ValidationError as error:
        fault = error.errors()[0]
        field = ".".join(map(str, fault["loc"]))
        raise ValueError(f"{file} is damaged ({field + ': ' if field else ''}{fault['msg']}): {fix}") from error
