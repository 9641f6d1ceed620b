"""What is encoded of a clip: each part with the files it reads, the encoder that makes it, and so its key.

A part's key is the digest of the bytes it reads, its name, its encoder's configuration and weights, and PART_VERSIONS:
another text encoder makes other keys for text and leaves the others. The key goes with the data (index.json, shards),
so what one machine encoded no other encodes again.

Shape legend: C channels, T latent frames to denoise, F of motion, h w latent size, L text tokens, N target tokens.
"""

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from data.clips.region_boxes import region_labels
from data.contracts import ClipRecord
from model.conditioning.audio_encoder import AudioEncoder
from model.conditioning.latent_codec import TIME_STRIDE, LatentCodec
from model.conditioning.text_encoder import TextEncoder
from model.contracts import AudioEncoderConfig, EncodingConfig, LatentCodecConfig, TextEncoderConfig
from model.encoding.prepared_clip import PreparedClip

EncoderConfig = LatentCodecConfig | TextEncoderConfig | AudioEncoderConfig
# raise a part's whenever it comes out otherwise for the same bytes and configuration: it is then encoded anew
PART_VERSIONS = {
    "rgb": 1,
    "hoi": 1,
    "product": 1,
    "pose": 1,
    "motion": 2,
    "text": 1,
    "hoi_text": 1,
    "audio": 1,
    "regions": 2,
}


@dataclass(frozen=True)
class ClipEncoders:
    """The three encoders and the fixed template that tells the HOI stream what it draws."""

    codec: LatentCodec
    text: TextEncoder
    audio: AudioEncoder
    hoi_prompt: str


class PartKeys:
    """The keys of every clip's parts, for one encoding and one folder of encoders."""

    def __init__(self, encoding: EncodingConfig, encoders: Path, files: dict[str, str]) -> None:
        """`files`: sha256 of every file of the prepared batch. ValueError: encoders missing or of another encoding."""
        about = _about(encoders, encoding)
        self._files, self._hoi_prompt = files, encoding.hoi_prompt
        self._encoders = {
            "latent_codec": _identity(encoding.latent_codec, about, encoders / "latent_codec.safetensors"),
            "text_encoder": _identity(encoding.text_encoder, about),
            "audio_encoder": _identity(encoding.audio_encoder, about),
            "regions": [],
        }

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
            "hoi_text": self._key("hoi_text", "text_encoder", _hoi_text(self._hoi_prompt, record.prompt)),
            "audio": self._key("audio", "audio_encoder", self._files[record.audio], str(record.frames)),
            "regions": self._key("regions", "regions", boxes),
        }

    def _key(self, part: str, encoder: str, *reads: str) -> str:
        decided_by = [part, PART_VERSIONS[part], self._encoders[encoder], reads]
        return sha256(json.dumps(decided_by, sort_keys=True).encode()).hexdigest()[:32]


def encode_part(part: str, clip: PreparedClip, encoders: ClipEncoders) -> dict[str, Tensor]:
    """The fields of one part, as `encoded_clips` names them. ValueError: a prompt or frame count does not fit."""
    encode, record = encoders.codec.encode, clip.record
    match part:
        case "rgb":
            return {"rgb_CThw": encode(torch.cat([clip.person_1C1HW, clip.rgb_1CTHW[:, :, 1:]], dim=2))[0]}
        case "motion":
            assert clip.motion_1CMHW is not None
            return encode_after_motion(clip.motion_1CMHW, clip.rgb_1CTHW, encoders.codec)
        case "hoi":
            return {"hoi_CThw": encode(clip.hoi_1CTHW)[0, :, 1:]}
        case "product":
            assert clip.product_1C1HW is not None
            return {"product_C1hw": encode(clip.product_1C1HW)[0]}
        case "pose":
            assert clip.pose_1CTHW is not None
            return {"pose_CThw": encode(clip.pose_1CTHW)[0, :, 1:]}
        case "text":
            return {"text_LD": encoders.text.encode([record.prompt])[0]}
        case "hoi_text":
            return {"hoi_text_LD": encoders.text.encode([_hoi_text(encoders.hoi_prompt, record.prompt)])[0]}
        case "audio":
            return {"audio_KAS": encoders.audio.encode(clip.samples_S, record.frames)}
        case _:
            assert part == "regions", part
            labels_N = region_labels(record.boxes, record.frames, record.height, record.width)
            return {"regions_N": torch.from_numpy(labels_N)}


def encode_after_motion(motion_1CMHW: Tensor, rgb_1CTHW: Tensor, codec: LatentCodec) -> dict[str, Tensor]:
    """What came before and the clip's frames 1..4T through the codec as one video: 73 + 80 frames are 19 + 20 latents.

    The clip's frame 0 counts as what came before, and the oldest frame of its motion is left out: so the target is the
    same frames whether motion is told or not, those that sound, boxes and structure video belong to (decision 0014).

    Raises:
        ValueError: the motion is not 4k + 1 frames long.
    """
    motion_frames = motion_1CMHW.shape[2]
    joined_1CTHW = torch.cat([motion_1CMHW[:, :, 1:], rgb_1CTHW], dim=2)
    latents_CThw = codec.encode(joined_1CTHW)[0]
    motion_latents = 1 + (motion_frames - 1) // TIME_STRIDE
    return {
        "motion_CFhw": latents_CThw[:, :motion_latents],
        "rgb_after_motion_CThw": latents_CThw[:, motion_latents:],
    }


def _hoi_text(hoi_prompt: str, prompt: str) -> str:
    return f"{hoi_prompt} {prompt}"


def _about(encoders: Path, encoding: EncodingConfig) -> dict[str, Any]:
    file = encoders / "encoders.json"
    if not file.exists():
        raise ValueError(
            f"{file} is missing: fit the encoders first (python -m model.encoding.fit_encoders {encoders.name})"
        )
    about: dict[str, Any] = json.loads(file.read_text())
    fitted = EncodingConfig.model_validate(about["encoding"])
    for name in ("latent_codec", "text_encoder", "audio_encoder"):
        if getattr(fitted, name) != getattr(encoding, name):
            raise ValueError(
                f"{encoders} was fitted with another encoding.{name} than this batch is to be encoded with: "
                f"fit the encoders again (python -m model.encoding.fit_encoders {encoders.name})"
            )
    return about


def _identity(config: EncoderConfig, about: dict[str, Any], fitted: Path | None = None) -> list[Any]:
    """An encoder's configuration and weights; where the weights lie, and how they were fitted, is not part of it."""
    settings = config.model_dump(exclude={"weights", "fit_clips"})
    if config.weights:
        given = {Path(file): digest for file, digest in about["weights_sha256"].items()}
        folder = Path(config.weights)
        within = {str(file.relative_to(folder)): given[file] for file in given if file.is_relative_to(folder)}
        return [settings, within]
    return [settings, sha256(fitted.read_bytes()).hexdigest() if fitted and fitted.exists() else None]
