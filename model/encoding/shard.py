"""One shard: safetensors with tensors `<clip id>/<field>`, and in its metadata the key and the fields of each part."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

Fields = dict[str, Tensor]


def write_shard(file: Path, parts: Mapping[str, tuple[str, Fields]]) -> None:
    """Write `<clip id>/<part>` -> (key, tensors) whole."""
    tensors = {
        f"{name.partition('/')[0]}/{field}": value
        for name, (_, fields) in parts.items()
        for field, value in fields.items()
    }
    keys = {name: (key, sorted(fields)) for name, (key, fields) in parts.items()}
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    save_file(tensors, temporary, metadata={"keys": json.dumps(keys)})  # one entry: of several the order is random
    temporary.replace(file)


def keys_in(file: Path) -> dict[str, tuple[str, list[str]]]:
    """`<clip id>/<part>` -> (key, fields) of a shard; nothing where it is none, or damaged."""
    try:
        with safe_open(file, framework="pt") as shard:
            return json.loads((shard.metadata() or {}).get("keys", "{}"))
    except SafetensorError:
        return {}


class Shard:
    """Random access to one shard, mapped into memory."""

    def __init__(self, file: Path) -> None:
        """ValueError: it is missing or damaged."""
        try:
            self._tensors = safe_open(file, framework="pt")
        except (SafetensorError, FileNotFoundError) as error:
            raise ValueError(f"{file} cannot be read ({error}): encode the batch again") from error
        self._fields: dict[str, list[str]] = {}
        for name in self._tensors.keys():  # noqa: SIM118 a shard is no dict
            clip_id, field = name.split("/")
            self._fields.setdefault(clip_id, []).append(field)

    def tensors(self, clip_id: str, fields: Iterable[str] | None = None) -> Fields:
        """These fields of a clip, or all that the shard has."""
        chosen = self._fields[clip_id] if fields is None else fields
        return {field: self._tensors.get_tensor(f"{clip_id}/{field}") for field in chosen}
