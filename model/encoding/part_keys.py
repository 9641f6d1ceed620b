"""The key of each part of a clip: the digest of all that decides it, so what did not change is not encoded again.

That is the bytes a part reads, its name, its encoder's configuration and weights, and the code: the encoder's module
and `clip_parts`, with what they import. Another text encoder makes other keys for text and leaves the others. The key
goes with the data (index.json, shards), so what one machine encoded no other encodes again.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from data.contracts import ClipRecord
from foundation.code_digest import code_digest
from foundation.digests import file_sha256
from model.conditioning.build import ENCODERS, encoder_modules
from model.contracts import EncodingConfig
from model.encoding.clip_parts import hoi_text
from model.encoding.encoders_folder import read_encoders

PARTS = "model.encoding.clip_parts"


class PartKeys:
    """The keys of every clip's parts, for one encoding and one folder of encoders."""

    def __init__(self, encoding: EncodingConfig, encoders: Path, files: dict[str, str]) -> None:
        """`files`: sha256 of every file of the prepared batch. ValueError: encoders missing or of another encoding."""
        weights = _fitted_weights(encoders, encoding)
        self._files, self._hoi_prompt = files, encoding.hoi_prompt
        made_by: dict[str, Any] = {name: _identity(name, encoding, encoders, weights) for name in ENCODERS}
        self._made_by = made_by | {"regions": code_digest(PARTS)}

    def of(self, record: ClipRecord) -> dict[str, str]:
        """part -> key, for the parts that this clip has."""
        rgb = self._files[record.video]
        keys = {
            "rgb": self._key("rgb", "latent_codec", rgb, self._files[record.person_image]),
            "hoi": self._key("hoi", "latent_codec", self._files[record.hoi_video]),
        }
        if record.product_image:
            keys["product"] = self._key("product", "latent_codec", self._files[record.product_image])
        if record.pose_video:
            keys["pose"] = self._key("pose", "latent_codec", self._files[record.pose_video])
        if record.motion_video:
            keys["motion"] = self._key("motion", "latent_codec", self._files[record.motion_video], rgb)
        boxes = record.model_dump_json(include={"boxes", "frames", "height", "width"})
        return keys | {
            "text": self._key("text", "text_encoder", record.prompt),
            "hoi_text": self._key("hoi_text", "text_encoder", hoi_text(self._hoi_prompt, record.prompt)),
            "audio": self._key("audio", "audio_encoder", self._files[record.audio], str(record.frames)),
            "regions": self._key("regions", "regions", boxes),
        }

    def _key(self, part: str, encoder: str, *reads: str) -> str:
        decided_by = [part, self._made_by[encoder], reads]
        return sha256(json.dumps(decided_by, sort_keys=True).encode()).hexdigest()[:32]


def _fitted_weights(encoders: Path, encoding: EncodingConfig) -> dict[Path, str]:
    """sha256 of the given weights that the encoders were fitted with."""
    fitted = read_encoders(encoders)
    for name in ENCODERS:
        if getattr(fitted.encoding, name) != getattr(encoding, name):
            raise ValueError(
                f"{encoders} was fitted with another encoding.{name} than this batch is to be encoded with: "
                f"fit the encoders again (python -m model.encoding.fit_encoders {encoders.name})"
            )
    return {Path(file): digest for file, digest in fitted.weights_sha256.items()}


def _identity(name: str, encoding: EncodingConfig, encoders: Path, weights: dict[Path, str]) -> list[Any]:
    """An encoder's code, configuration and weights; where weights lie, and how they were fitted, is not part of it."""
    config, module = getattr(encoding, name), encoder_modules(encoding)[name]
    digests = {file: file_sha256(encoders / file) for file in getattr(module, "FILES", ())}
    if config.weights:
        folder = Path(config.weights)
        digests |= {str(file.relative_to(folder)): weights[file] for file in weights if file.is_relative_to(folder)}
    return [code_digest(module.__name__, PARTS), config.model_dump(exclude={"weights", "fit_clips"}), digests]
