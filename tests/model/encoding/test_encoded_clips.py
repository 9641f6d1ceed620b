"""The shard format: what is written is what is read, what did not change is not written again, faults are named."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
import torch

from foundation.clip_format import ClipFormat
from foundation.digests import folder_digest
from model.contracts import AudioEncoderConfig, EncodingConfig, LatentCodecConfig, TextEncoderConfig
from model.encoding.encoded_clips import EncodedClips
from model.encoding.write_shards import Fields, Part, ShardWriter, StoredParts

ABOUT = {"prompt": "p", "person_id": "a", "product_id": "b"}
INDEX = {
    "batch": "b1",
    "prepared_digest": "x",
    "encoders_digest": "y",
    "clip_format": ClipFormat(frames=9, frames_per_second=25, height=32, width=32, motion_frames=0),
    "encoding": EncodingConfig(
        latent_codec=LatentCodecConfig(kind="linear", channels=4),
        text_encoder=TextEncoderConfig(kind="hashed_words", dim=8, tokens=4),
        audio_encoder=AudioEncoderConfig(kind="log_mel", dim=4, layers=1),
        hoi_prompt="h",
    ),
}


def fields_of(number: int) -> Fields:
    return {"rgb_CThw": torch.full((2, 3), float(number), dtype=torch.float16)}


def write(folder: Path, numbers: Sequence[int], text: str = "") -> None:
    stored = StoredParts(folder)
    writer = ShardWriter(folder, clips_per_shard=4)
    for number in numbers:
        keys = {"rgb": f"rgb {number}", "text": f"text {number}{text}"}
        made = {"rgb": fields_of(number), "text": {"text_LD": torch.tensor([number, len(text)], dtype=torch.uint8)}}
        parts = {
            name: Part(key, partial(stored.load, key) if key in stored else partial(made.__getitem__, name))
            for name, key in keys.items()
        }
        writer.add(f"c{number}", parts, ABOUT)
    writer.finish(INDEX)


def shards(folder: Path, series: str = "") -> dict[str, int]:
    """Shard -> when it was written."""
    return {file.name: file.stat().st_mtime_ns for file in folder.glob(f"{series}*.safetensors")}


def test_clips_come_back_from_their_shards(tmp_path: Path) -> None:
    write(tmp_path, range(50))
    clips = EncodedClips(tmp_path)
    assert clips.ids == [f"c{number}" for number in range(50)]
    for number in (44, 0, 31):
        fields = clips.load(f"c{number}")
        assert torch.equal(fields["rgb_CThw"], fields_of(number)["rgb_CThw"])
        assert fields["text_LD"].tolist() == [number, 0]
    sizes = [list(clips.info(name).shards.items()) for name in clips.ids]
    longest = max(sizes.count(found) for found in sizes)
    assert 4 <= longest <= 8
    assert 50 / 8 <= len(shards(tmp_path, "latents")) <= 25


def test_a_clip_more_or_less_leaves_the_other_shards(tmp_path: Path) -> None:
    write(tmp_path, range(50))
    before = shards(tmp_path)
    write(tmp_path, [number for number in range(50) if number != 20])
    after = shards(tmp_path)
    kept = {name for name in after if before.get(name) == after[name]}
    assert len(set(before) - kept) <= 6 < len(kept), "from the shard it was in to where shards end as before"
    assert "c20" not in EncodedClips(tmp_path).ids
    digest = folder_digest(tmp_path)
    write(tmp_path / "anew", [number for number in range(50) if number != 20])
    assert folder_digest(tmp_path / "anew") == digest, "whatever was there before, the same clips give the same files"


def test_other_text_writes_text_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path, range(20))
    latents, text = shards(tmp_path, "latents"), shards(tmp_path, "text")
    write(tmp_path, range(20), text="new")
    assert shards(tmp_path, "latents") == latents
    assert not set(shards(tmp_path, "text")) & set(text)
    assert EncodedClips(tmp_path).load("c7")["text_LD"].tolist() == [7, 3]


def test_an_interrupted_run_keeps_the_shards_it_wrote_and_is_not_taken_for_done(tmp_path: Path) -> None:
    write(tmp_path, range(20))
    writer = ShardWriter(tmp_path, clips_per_shard=4)
    writer.add("c0", {}, ABOUT)
    with pytest.raises(ValueError, match="encode the batch first"):
        EncodedClips(tmp_path)
    assert all(f"rgb {number}" in StoredParts(tmp_path) for number in range(20))


def test_faults_are_named(tmp_path: Path) -> None:
    write(tmp_path, range(2))
    with pytest.raises(ValueError, match="holds no clip c9"):
        EncodedClips(tmp_path).load("c9")
    shard = next(tmp_path.glob("latents*.safetensors"))
    shard.write_bytes(shard.read_bytes()[:-8])
    with pytest.raises(ValueError, match=r"latents.*\.safetensors cannot be read.*encode the batch again"):
        EncodedClips(tmp_path).load("c0")
    assert "rgb 0" not in StoredParts(tmp_path), "a damaged shard is written again"
    write(tmp_path, range(2))
    assert torch.equal(EncodedClips(tmp_path).load("c0")["rgb_CThw"], fields_of(0)["rgb_CThw"])
    shard.unlink()
    with pytest.raises(ValueError, match=r"latents.*\.safetensors cannot be read"):
        EncodedClips(tmp_path).load("c0")


def test_a_clip_that_comes_twice_is_refused(tmp_path: Path) -> None:
    writer = ShardWriter(tmp_path, clips_per_shard=2)
    writer.add("c0", {}, ABOUT)
    with pytest.raises(ValueError, match="clip c0 comes twice"):
        writer.add("c0", {}, ABOUT)
