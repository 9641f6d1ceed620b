"""Encode a prepared batch once, so that no epoch does it again (CoInteract's released loader re-encodes every time).

    python -m model.encoding.encode_clips BATCH

A DVC stage: reads datasets/batches.yaml, datasets/prepared/BATCH and datasets/encoders/<its encoders>, writes
datasets/encoded/BATCH (`encoded_clips` has the format). What that folder holds already under the same key
(`part_keys`) stays: a clip more is one clip's work. A clip with a motion video is encoded twice: with its first
frame replaced by the person image (motion dropped), and behind the frames before it, so that the causal convolutions
see one continuous video (COINTERACT, joint motion encoding). Which of the two is trained on is drawn in training; the
frames to be made are the same in both.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

import torch
from safetensors.torch import load, save

from data.clips.manifest import read_manifest
from data.contracts import ClipRecord
from data.versions.batch_entry import BatchEntry, batch_entry, batch_of_stage
from data.versions.batch_receipts import assert_valid
from foundation.clip_format import ClipFormat
from foundation.digests import digest_of, file_digests, folder_digest
from foundation.map_items import map_items
from foundation.progress import report_progress
from model.conditioning.build import build_audio_encoder, build_codec, build_text_encoder
from model.contracts import EncodingConfig
from model.encoding.clip_parts import ClipEncoders, encode_part
from model.encoding.encoders_folder import copy_empty_text, read_encoders
from model.encoding.part_keys import PartKeys
from model.encoding.prepared_clip import PreparedClip
from model.encoding.shard import Fields
from model.encoding.write_shards import Part, ShardWriter, StoredParts


@dataclass(frozen=True)
class EncodeJob:
    """The parts of one clip that no shard holds yet."""

    record: ClipRecord
    prepared: Path
    clip: ClipFormat
    encoding: EncodingConfig
    encoders: Path
    encoders_digest: str
    parts: tuple[str, ...]


def encode_batch(batch: str) -> None:
    """Write datasets/encoded/<batch>.

    Raises:
        ValueError: the batch is unknown or failed its validation, a clip or the encoders are missing.
    """
    entry = batch_entry(batch)
    encoding = EncodingConfig.model_validate(entry.encoding)
    prepared, encoders = Path("datasets/prepared") / batch, Path("datasets/encoders") / entry.encoders
    assert_valid(prepared)
    if read_encoders(encoders).weights_sha256 != entry.weights:
        raise ValueError(f"{encoders} was fitted with other given weights than lie there now: make the encoders again")
    files = file_digests(prepared)
    keys = PartKeys(encoding, encoders, files)
    writer = ShardWriter(Path("datasets/encoded") / batch, encoding.clips_per_shard)
    encoders_digest = folder_digest(encoders)
    stored, records = StoredParts(writer.folder), read_manifest(prepared)
    clips = [(record, keys.of(record)) for record in records]
    missing = {
        record.clip_id: tuple(part for part, key in wanted.items() if key not in stored) for record, wanted in clips
    }
    jobs = [
        EncodeJob(record, prepared, entry.clip, encoding, encoders, encoders_digest, missing[record.clip_id])
        for record in records
        if missing[record.clip_id]
    ]
    encoded = _encoded(jobs, entry)
    for done, (record, wanted) in enumerate(clips, 1):
        new = next(encoded) if missing[record.clip_id] else {}
        parts = {part: Part(key, _loader(new.get(part), stored, key)) for part, key in wanted.items()}
        about = {"prompt": record.prompt, "person_id": record.person_id, "product_id": record.product_id}
        writer.add(record.clip_id, parts, about)
        report_progress(done, len(records), "clips encoded")
    copy_empty_text(encoders, writer.folder)
    writer.finish(
        {
            "batch": batch,
            "prepared_digest": digest_of(files),
            "encoders_digest": encoders_digest,
            "clip_format": entry.clip,
            "encoding": encoding,
        }
    )


def encode_missing(job: EncodeJob) -> dict[str, bytes]:
    """part -> its tensors as safetensors, float16 where they are floating point.

    Raises:
        ValueError: a file is missing or not of the clip format, or a field holds NaN or infinity.
    """
    encoders = build_encoders(job.encoding, job.encoders, job.encoders_digest)
    clip = PreparedClip(job.prepared, job.record, job.clip)
    parts = {part: encode_part(part, clip, encoders) for part in job.parts}
    return {part: save(_stored(job.record.clip_id, fields)) for part, fields in parts.items()}


@lru_cache(maxsize=1)
def build_encoders(encoding: EncodingConfig, folder: Path, _digest: str) -> ClipEncoders:
    """All encoders of `encoding`, once a process; `folder` is the fitted ones' (datasets/encoders/<batch>)."""
    torch.set_num_threads(1)  # one clip a process at a time; and the last bits do not depend on the machine's cores
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return ClipEncoders(
        codec=build_codec(encoding.latent_codec, folder, device),
        text=build_text_encoder(encoding.text_encoder, folder, device),
        audio=build_audio_encoder(encoding.audio_encoder, folder, device),
        hoi_prompt=encoding.hoi_prompt,
    )


def _encoded(jobs: list[EncodeJob], entry: BatchEntry) -> Iterator[dict[str, Fields]]:
    for result in map_items(encode_missing, jobs, replace(entry.spread, gpus_a_clip=1)):
        if isinstance(result, Exception):
            raise result
        yield {part: load(packed) for part, packed in result.items()}


def _loader(new: Fields | None, stored: StoredParts, key: str) -> Callable[[], Fields]:
    return partial(stored.load, key) if new is None else lambda: new


def _stored(clip_id: str, fields: Fields) -> Fields:
    """As shards hold them: half the bytes of fp32."""
    halves = {field: value.half() if value.is_floating_point() else value for field, value in fields.items()}
    for field, value in halves.items():
        if value.is_floating_point() and not value.isfinite().all():
            raise ValueError(f"clip {clip_id}: field {field} has no finite float16 values: look at its source")
    return {field: value.contiguous().cpu() for field, value in halves.items()}


if __name__ == "__main__":
    encode_batch(batch_of_stage(sys.argv[1]))
