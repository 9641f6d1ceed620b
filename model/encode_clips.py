"""Encode a prepared batch once, so that no epoch does it again (CoInteract's released loader re-encodes every time).

    python -m model.encode_clips BATCH

A DVC stage: reads datasets/batches.yaml, datasets/prepared/BATCH and datasets/encoders/<its encoders>, writes
datasets/encoded/BATCH (model.encoded_clips has the format). A clip with a motion video is encoded twice: with its first
frame replaced by the person image (motion dropped), and together with its motion, so that the causal convolutions see
one continuous video (COINTERACT, joint motion encoding). Which of the two is trained on is drawn in training.

Shape legend: C channels, T latent frames to denoise, F of motion, h w latent size, L text tokens, N target tokens.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from data.batch_receipts import assert_valid, batch_entry, folder_digest
from data.manifest import read_manifest
from data.progress import report_progress
from data.region_boxes import region_labels
from model.conditioning.audio_encoder import AudioEncoder
from model.conditioning.build import build_audio_encoder, build_codec, build_text_encoder
from model.conditioning.latent_codec import TIME_STRIDE, LatentCodec
from model.conditioning.text_encoder import TextEncoder
from model.contracts import EncodingConfig
from model.encoded_clips import ShardWriter
from model.prepared_clip import PreparedClip, read_prepared_clip


@dataclass(frozen=True)
class ClipEncoders:
    """The three encoders and the fixed template that tells the HOI stream what it draws."""

    codec: LatentCodec
    text: TextEncoder
    audio: AudioEncoder
    hoi_prompt: str


def encode_batch(batch: str) -> None:
    """Write datasets/encoded/<batch>.

    Raises:
        ValueError: the batch is unknown or failed its validation, a clip or the encoders are missing.
    """
    entry = batch_entry(batch)
    encoding = EncodingConfig.model_validate(entry.encoding)
    prepared, encoders_folder = Path("datasets/prepared") / batch, Path("datasets/encoders") / entry.encoders
    assert_valid(prepared)
    encoders = build_encoders(encoding, encoders_folder)
    writer = ShardWriter(Path("datasets/encoded") / batch, encoding.clips_per_shard)
    records = read_manifest(prepared)
    for done, record in enumerate(records, 1):
        clip = read_prepared_clip(prepared, record, entry.clip)
        about = {"prompt": record.prompt, "person_id": record.person_id, "product_id": record.product_id}
        writer.add(record.clip_id, encode_clip(clip, encoders), about)
        report_progress(done, len(records), "clips encoded")
    save_file({"text_LD": encoders.text.encode([""])[0]}, writer.folder / "empty_text.safetensors")
    writer.finish(
        {
            "batch": batch,
            "prepared_digest": folder_digest(prepared),
            "encoders_digest": folder_digest(encoders_folder),
            "clip_format": entry.clip,
            "encoding": encoding,
        }
    )


def build_encoders(encoding: EncodingConfig, folder: Path) -> ClipEncoders:
    """All encoders of `encoding`; `folder` is the fitted ones' (datasets/encoders/<batch>)."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return ClipEncoders(
        codec=build_codec(encoding.latent_codec, folder, device),
        text=build_text_encoder(encoding.text_encoder, device),
        audio=build_audio_encoder(encoding.audio_encoder, device),
        hoi_prompt=encoding.hoi_prompt,
    )


def encode_clip(clip: PreparedClip, encoders: ClipEncoders) -> dict[str, Tensor]:
    """Every field of one clip, as model.encoded_clips names them. ValueError: a prompt or frame count does not fit."""
    record, encode = clip.record, encoders.codec.encode
    after_person_1CTHW = torch.cat([clip.person_1C1HW, clip.rgb_1CTHW[:, :, 1:]], dim=2)
    text_2LD = encoders.text.encode([record.prompt, f"{encoders.hoi_prompt} {record.prompt}"])
    regions_N = region_labels(record.boxes, record.frames, record.height, record.width)
    fields = {
        "rgb_CThw": encode(after_person_1CTHW)[0],
        "hoi_CThw": encode(clip.hoi_1CTHW)[0, :, 1:],
        "text_LD": text_2LD[0],
        "hoi_text_LD": text_2LD[1],
        "audio_KAS": encoders.audio.encode(clip.samples, record.frames),
        "regions_N": torch.from_numpy(regions_N),
    }
    if clip.product_1C1HW is not None:
        fields["product_C1hw"] = encode(clip.product_1C1HW)[0]
    if clip.pose_1CTHW is not None:
        fields["pose_CThw"] = encode(clip.pose_1CTHW)[0, :, 1:]
    if clip.motion_1CMHW is not None:
        fields |= encode_after_motion(clip.motion_1CMHW, clip.rgb_1CTHW, encoders.codec)
    return fields


def encode_after_motion(motion_1CMHW: Tensor, rgb_1CTHW: Tensor, codec: LatentCodec) -> dict[str, Tensor]:
    """Motion and the clip's first 4T frames through the codec as one video: 73 + 80 frames are 19 + 20 latents.

    Raises:
        ValueError: the motion is not 4k + 1 frames long.
    """
    motion_frames = motion_1CMHW.shape[2]
    joined_1CTHW = torch.cat([motion_1CMHW, rgb_1CTHW[:, :, :-1]], dim=2)
    latents_CThw = codec.encode(joined_1CTHW)[0]
    motion_latents = 1 + (motion_frames - 1) // TIME_STRIDE
    return {
        "motion_CFhw": latents_CThw[:, :motion_latents],
        "rgb_after_motion_CThw": latents_CThw[:, motion_latents:],
    }


if __name__ == "__main__":
    encode_batch(sys.argv[1])
