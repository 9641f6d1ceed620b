"""The encoded batch: safetensors shards of many clips and one index.json, written once and read at random.

Shards, because a million small files take hours; an index, because it says what a clip is without opening a shard. The
index is written last: a folder without one is unfinished. A shard holds keys `<clip id>/<field>`:

| field | shape | what |
|---|---|---|
| rgb_CThw | C, 1+T, h, w | frame 0: the clean person reference; then the clip (motion dropped) |
| rgb_after_motion_CThw, motion_CFhw | C, T, h, w and C, F, h, w | clip and motion encoded together |
| hoi_CThw | C, T, h, w | the structure video, its first latent frame dropped |
| product_C1hw, pose_CThw | | where the clip has them |
| text_LD, hoi_text_LD, audio_KAS | | S = 4T columns of sound |
| regions_N | T h/2 w/2, uint8 | index into model.contracts.REGIONS of every target token |

Beside the shards, empty_text.safetensors holds "text_LD" of the empty prompt, which takes the place of a dropped one.
"""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from data.contracts import ClipFormat
from data.run_folder import write_whole
from model.contracts import EncodingConfig

INDEX = "index.json"


class ClipInfo(BaseModel, frozen=True, extra="forbid"):
    """What the index says of one clip."""

    shard: str
    prompt: str
    person_id: str
    product_id: str


class EncodedIndex(BaseModel, frozen=True, extra="forbid"):
    """index.json."""

    batch: str
    prepared_digest: str
    encoders_digest: str
    clip_format: ClipFormat
    encoding: EncodingConfig
    clips: dict[str, ClipInfo]


class ShardWriter:
    """Writes clips in the order they come, `clips_per_shard` to a file; `finish` writes the index."""

    def __init__(self, folder: Path, clips_per_shard: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / INDEX).unlink(missing_ok=True)
        for stale in folder.glob("*.safetensors"):
            stale.unlink()
        self.folder, self.clips_per_shard = folder, clips_per_shard
        self.clips: dict[str, ClipInfo] = {}
        self._shard: dict[str, Tensor] = {}

    def add(self, clip_id: str, fields: dict[str, Tensor], about: dict[str, str]) -> None:
        """Take one clip: floating point fields are stored as float16.

        Args:
            clip_id: unique in the batch, no slash.
            fields: see the module's table.
            about: prompt, person_id, product_id.

        Raises:
            ValueError: the clip came twice, or a field holds NaN or infinity.
        """
        if clip_id in self.clips or "/" in clip_id:
            raise ValueError(f"clip {clip_id} comes twice, or its name holds a slash: rename it in the manifest")
        for field, value in fields.items():
            stored = value.half() if value.is_floating_point() else value
            if stored.is_floating_point() and not stored.isfinite().all():
                raise ValueError(f"clip {clip_id}: field {field} has no finite float16 values: look at its source")
            self._shard[f"{clip_id}/{field}"] = stored.contiguous()
        shard_number = len(self.clips) // self.clips_per_shard
        self.clips[clip_id] = ClipInfo(shard=f"{shard_number:05d}.safetensors", **about)
        if len(self.clips) % self.clips_per_shard == 0:
            self._write_shard()

    def finish(self, about: dict[str, Any]) -> EncodedIndex:
        """Write what is left and the index. `about`: the other fields of EncodedIndex."""
        self._write_shard()
        index = EncodedIndex(clips=self.clips, **about)
        write_whole(self.folder / INDEX, json.dumps(index.model_dump(mode="json"), indent=1))
        return index

    def _write_shard(self) -> None:
        if self._shard:
            save_file(self._shard, self.folder / next(reversed(self.clips.values())).shard)
        self._shard = {}


def read_index(folder: Path) -> EncodedIndex:
    """The index of an encoded batch. ValueError: the folder is unfinished or of another format."""
    file = folder / INDEX
    if not file.exists():
        raise ValueError(f"{file} is missing: encode the batch first (python -m model.encode_clips {folder.name})")
    return EncodedIndex.model_validate_json(file.read_text())


class EncodedClips:
    """Random access to an encoded batch; shards are mapped into memory when first needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.index = read_index(folder)
        self.ids = list(self.index.clips)
        self._shards: dict[str, Any] = {}
        self._fields: dict[str, list[str]] = {}

    def info(self, clip_id: str) -> ClipInfo:
        """What the index says. ValueError: no such clip."""
        if clip_id not in self.index.clips:
            raise ValueError(f"{self.folder} holds no clip {clip_id}: it has {len(self.ids)}, from {self.ids[:3]} on")
        return self.index.clips[clip_id]

    def load(self, clip_id: str) -> dict[str, Tensor]:
        """All fields of a clip as they are stored: float16, uint8 for regions_N. ValueError: clip or shard missing."""
        shard = self._open(self.info(clip_id).shard)
        return {field: shard.get_tensor(f"{clip_id}/{field}") for field in self._fields[clip_id]}

    def _open(self, name: str) -> Any:
        if name not in self._shards:
            try:
                shard: Any = safe_open(self.folder / name, framework="pt")
            except (SafetensorError, FileNotFoundError) as error:
                raise ValueError(f"{self.folder / name} cannot be read ({error}): encode the batch again") from error
            for key in shard.keys():  # noqa: SIM118 a shard is no dict
                clip_id, field = key.split("/")
                self._fields.setdefault(clip_id, []).append(field)
            self._shards[name] = shard
        return self._shards[name]
