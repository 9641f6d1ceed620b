"""The encoded batch: safetensors shards of many clips and one index.json, written once and read at random.

Shards, because a million small files take hours; an index, because it describes a clip without opening a shard. The
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

Beside them lies the encoded empty prompt (`encoders_folder`), which takes the place of a dropped one. `write_shards`
fills the folder.
"""

import json
from pathlib import Path

from pydantic import BaseModel

from foundation.clip_format import ClipFormat
from foundation.names import Name, WrittenIdentity
from foundation.state_file import read_state
from foundation.whole_file import write_whole
from model.contracts import EncodingConfig
from model.encoding.shard import Fields, Shard

INDEX = "index.json"


class ClipInfo(BaseModel, frozen=True, extra="forbid"):
    """One clip's entry in the index."""

    shards: dict[str, str]  # series (latents, text ...) -> file
    keys: dict[str, str]  # part (rgb, text ...) -> digest of all that decides it
    prompt: str
    person_id: WrittenIdentity
    product_id: WrittenIdentity


class EncodedIndex(BaseModel, frozen=True, extra="forbid"):
    """index.json."""

    batch: Name
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
    return read_state(
        file, EncodedIndex, f"encode the batch again (python -m model.encoding.encode_clips {folder.name})"
    )


def write_index(folder: Path, index: EncodedIndex) -> EncodedIndex:
    """Write the index, which marks the folder as finished."""
    write_whole(folder / INDEX, json.dumps(index.model_dump(mode="json"), indent=1))
    return index


class EncodedClips:
    """Random access to an encoded batch; shards are mapped into memory when first needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.index = read_index(folder)
        self.ids = list(self.index.clips)
        self._shards: dict[str, Shard] = {}

    def info(self, clip_id: str) -> ClipInfo:
        """The clip's entry in the index. ValueError: no such clip."""
        if clip_id not in self.index.clips:
            raise ValueError(f"{self.folder} holds no clip {clip_id}: it has {len(self.ids)}, from {self.ids[:3]} on")
        return self.index.clips[clip_id]

    def load(self, clip_id: str) -> Fields:
        """All fields of a clip as they are stored: float16, uint8 for regions_N. ValueError: clip or shard missing."""
        fields: Fields = {}
        for name in self.info(clip_id).shards.values():
            if name not in self._shards:
                self._shards[name] = Shard(self.folder / name)
            fields |= self._shards[name].tensors(clip_id)
        return fields
