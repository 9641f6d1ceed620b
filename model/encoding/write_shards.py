"""Writing an encoded batch so that what did not change is neither encoded nor written again.

A shard is named by what is in it: the digest of its clips' keys. Where it is there already it stays, and where a clip
moved to another shard its tensors are copied. A shard ends after a clip whose id hashes to a multiple of
`clips_per_shard`, so a clip that comes or goes changes the shard it is in and leaves the others; the same clips give
the same files, whatever was there before. Each shard carries its keys, so an interrupted run loses at most one.
"""

import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from model.encoding.encoded_clips import INDEX, ClipInfo, EncodedIndex, write_index
from model.encoding.encoders_folder import EMPTY_TEXT
from model.encoding.shard import Fields, Shard, keys_in, write_shard

SERIES: dict[str, tuple[str, ...]] = {
    "latents": ("rgb", "hoi", "product", "pose", "motion"),
    "text": ("text", "hoi_text"),
    "audio": ("audio",),
    "regions": ("regions",),
}
LONGEST = 2  # times clips_per_shard


class Part(NamedTuple):
    """What is encoded together: its key, and how to get its tensors."""

    key: str
    load: Callable[[], Fields]


class StoredParts:
    """What the folder's shards hold, by key, whatever run wrote it."""

    def __init__(self, folder: Path) -> None:
        self._where: dict[str, tuple[Path, str, list[str]]] = {}  # key -> shard, clip id, fields
        for file in sorted(folder.glob("*.safetensors")):
            for name, (key, fields) in keys_in(file).items():
                self._where[key] = (file, name.partition("/")[0], fields)

    def __contains__(self, key: str) -> bool:
        return key in self._where

    def load(self, key: str) -> Fields:
        """The tensors of one part."""
        file, clip_id, fields = self._where[key]
        return Shard(file).tensors(clip_id, fields)


class ShardWriter:
    """Takes clips in their order; `finish` removes what is no longer needed and writes the index."""

    def __init__(self, folder: Path, clips_per_shard: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / INDEX).unlink(missing_ok=True)
        self.folder, self.clips_per_shard = folder, clips_per_shard
        self._clips: dict[str, ClipInfo] = {}
        self._about: dict[str, dict[str, str]] = {}
        self._waiting: dict[str, Mapping[str, Part]] = {}

    def add(self, clip_id: str, parts: Mapping[str, Part], about: dict[str, str]) -> None:
        """Take one clip.

        Args:
            clip_id: unique in the batch, no slash.
            parts: part -> its key and its tensors, see `encoded_clips`.
            about: prompt, person_id, product_id.

        Raises:
            ValueError: the clip came twice.
        """
        if clip_id in self._about or "/" in clip_id:
            raise ValueError(f"clip {clip_id} comes twice, or its name holds a slash: rename it in the manifest")
        self._about[clip_id], self._waiting[clip_id] = about, parts
        ends = int(sha256(clip_id.encode()).hexdigest()[:12], 16) % self.clips_per_shard == 0
        if ends or len(self._waiting) == LONGEST * self.clips_per_shard:
            self._write_waiting()

    def finish(self, about: dict[str, Any]) -> EncodedIndex:
        """Write what is left and the index. `about`: the other fields of EncodedIndex."""
        self._write_waiting()
        used = {file for clip in self._clips.values() for file in clip.shards.values()}
        for stale in self.folder.glob("*.safetensors"):
            if stale.name not in used | {EMPTY_TEXT}:
                stale.unlink()
        return write_index(self.folder, EncodedIndex(clips=self._clips, **about))

    def _write_waiting(self) -> None:
        shards: dict[str, dict[str, str]] = {clip_id: {} for clip_id in self._waiting}
        for series, names in SERIES.items():
            chosen = {
                f"{clip_id}/{name}": parts[name]
                for clip_id, parts in self._waiting.items()
                for name in names
                if name in parts
            }
            if chosen:
                file = _write_shard(self.folder, series, chosen)
                for clip_id in {name.partition("/")[0] for name in chosen}:
                    shards[clip_id][series] = file
        for clip_id, parts in self._waiting.items():
            in_order = {series: shards[clip_id][series] for series in SERIES if series in shards[clip_id]}
            keys = {name: part.key for name, part in parts.items()}
            self._clips[clip_id] = ClipInfo(shards=in_order, keys=keys, **self._about[clip_id])
        self._waiting = {}


def _write_shard(folder: Path, series: str, parts: dict[str, Part]) -> str:
    """The name of the shard that holds these parts; it is written where it is not there yet."""
    content = sha256(json.dumps({name: part.key for name, part in parts.items()}).encode()).hexdigest()
    file = folder / f"{series}-{content[:24]}.safetensors"
    if file.exists() and keys_in(file):
        return file.name
    write_shard(file, {name: (part.key, part.load()) for name, part in parts.items()})
    return file.name
