"""What index.json of an encoded batch says of its clips: light, for those who must not load what encoded them.

`model.encoding.encoded_clips` has the format of the whole folder and writes it.
"""

import json
from pathlib import Path

from pydantic import BaseModel

from foundation.names import WrittenIdentity

ENCODED = Path("datasets/encoded")
INDEX = "index.json"


class EncodedClip(BaseModel, frozen=True):
    """What concerns others of one clip."""

    shards: dict[str, str] = {}  # series (latents, text ...) -> file
    person_id: WrittenIdentity
    product_id: WrittenIdentity = ""  # not given by older versions


def read_clips(folder: Path) -> dict[str, EncodedClip]:
    """{clip id: what the index says of it}. ValueError: the folder is unfinished."""
    file = folder / INDEX
    if not file.exists():
        raise ValueError(f"{file} is missing: encode the batch again")
    clips = json.loads(file.read_text(encoding="utf-8"))["clips"]
    return {clip_id: EncodedClip.model_validate(values) for clip_id, values in clips.items()}
