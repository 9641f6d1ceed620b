"""The encoded batch: safetensors shards of many clips and one index.json, written once and read at random.

Shards, because a million small files take hours; an index, because it says what a clip is without opening a shard. The
index is written last: a folder without one is unfinished. A series of shards each for latents, text, sound and regions,
with keys `<clip id>/<field>`:

| part | field | shape | what |
|---|---|---|---|
| rgb | rgb_CThw | C, 1+T, h, w | frame 0: the clean person reference; then the clip (motion dropped) |
| motion | rgb_after_motion_CThw, motion_CFhw | C, T, h, w and C, F, h, w | frames 1..4T behind those before |
| hoi | hoi_CThw | C, T, h, w | the structure video, its first latent frame dropped |
| product, pose | product_C1hw, pose_CThw | | where the clip has them |
| text, hoi_text | text_LD, hoi_text_LD | | |
| audio | audio_KAS | | S = 4T columns of sound |
| regions | regions_N | T h/2 w/2, uint8 | index into model.contracts.LABELS of every target token |

Beside the shards, empty_text.safetensors holds "text_LD" of the empty prompt, which takes the place of a dropped one.
`write_shards` writes them.
"""

from pathlib import Path
from typing import Any

from pydantic import BaseModel
from safetensors import SafetensorError, safe_open
from torch import Tensor

from foundation.clip_format import ClipFormat
from model.contracts import EncodingConfig

INDEX = "index.json"
EMPTY_TEXT = "empty_text.safetensors"


class ClipInfo(BaseModel, frozen=True, extra="forbid"):
    """What the index says of one clip."""

    shards: dict[str, str]  # series (latents, text ...) -> file
    keys: dict[str, str]  # part (rgb, text ...) -> digest of all that decides it
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


def read_index(folder: Path) -> EncodedIndex:
    """The index of an encoded batch. ValueError: the folder is unfinished or of another format."""
    file = folder / INDEX
    if not file.exists():
        raise ValueError(
            f"{file} is missing: encode the batch first (python -m model.encoding.encode_clips {folder.name})"
        )
    return EncodedIndex.model_validate_json(file.read_text())


class EncodedClips:
    """Random access to an encoded batch; shards are mapped into memory when first needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.index = read_index(folder)
        self.ids = list(self.index.clips)
        self._shards: dict[str, Any] = {}
        self._fields: dict[tuple[str, str], list[str]] = {}

    def info(self, clip_id: str) -> ClipInfo:
        """What the index says. ValueError: no such clip."""
        if clip_id not in self.index.clips:
            raise ValueError(f"{self.folder} holds no clip {clip_id}: it has {len(self.ids)}, from {self.ids[:3]} on")
        return self.index.clips[clip_id]

    def load(self, clip_id: str) -> dict[str, Tensor]:
        """All fields of a clip as they are stored: float16, uint8 for regions_N. ValueError: clip or shard missing."""
        fields: dict[str, Tensor] = {}
        for name in self.info(clip_id).shards.values():
            shard = self._open(name)
            fields |= {field: shard.get_tensor(f"{clip_id}/{field}") for field in self._fields[name, clip_id]}
        return fields

    def _open(self, name: str) -> Any:
        if name not in self._shards:
            try:
                shard: Any = safe_open(self.folder / name, framework="pt")
            except (SafetensorError, FileNotFoundError) as error:
                raise ValueError(f"{self.folder / name} cannot be read ({error}): encode the batch again") from error
            for key in shard.keys():  # noqa: SIM118 a shard is no dict
                clip_id, field = key.split("/")
                self._fields.setdefault((name, clip_id), []).append(field)
            self._shards[name] = shard
        return self._shards[name]
