"""A JSON file with a seal: the sha256 of its own content, so that what was edited is never taken for what was written.

Every receipt that is used again lies in such a file: a run's result, an asset's newest receipt, a registered model's
receipts, a batch's validation. The seal finds what people, merges and damaged disks change. It is no signature: it does
not find out somebody who may write the file and computes the seal anew.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from foundation.whole_file import write_whole


def write_sealed(file: Path, content: dict[str, Any]) -> None:
    """Write the content (whatever JSON can hold) with its seal, whole or not at all."""
    write_whole(file, sealed_text(content))


def sealed_text(content: dict[str, Any]) -> str:
    """The text of a sealed file."""
    return json.dumps({"content": content, "seal": _seal(content)}, indent=1)


def read_sealed(file: Path, fix: str) -> dict[str, Any]:
    """The content, as it was written.

    Args:
        file: one that `write_sealed` wrote.
        fix: what makes the file anew; it ends the message of an error.

    Raises:
        ValueError: the file is damaged, has no seal, or was changed since it was written.
    """
    try:
        values = json.loads(file.read_bytes())
    except ValueError as error:
        raise ValueError(f"{file} is damaged, it is no JSON: {fix}") from error
    if not isinstance(values, dict) or not isinstance(values.get("content"), dict):
        raise ValueError(f"{file} has no seal, another version of Graspline wrote it: {fix}")
    if values.get("seal") != _seal(values["content"]):
        raise ValueError(f"{file} was changed after it was written: {fix}")
    return values["content"]


def _seal(content: dict[str, Any]) -> str:
    """The same for equal content, however its file is laid out."""
    plain = json.loads(json.dumps(content))  # keys are texts before they are sorted
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
