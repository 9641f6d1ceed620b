"""The shard format: what is written is what is read, and faults are named."""

from pathlib import Path

import pytest
import torch

from data.contracts import ClipFormat
from model.contracts import AudioEncoderConfig, EncodingConfig, LatentCodecConfig, TextEncoderConfig
from model.encoded_clips import EncodedClips, ShardWriter

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


def write(folder: Path, clips: int) -> None:
    writer = ShardWriter(folder, clips_per_shard=2)
    for number in range(clips):
        fields = {"rgb_CThw": torch.full((2, 3), float(number)), "regions_N": torch.tensor([0, 2], dtype=torch.uint8)}
        writer.add(f"c{number}", fields, ABOUT)
    writer.finish(INDEX)


def test_clips_come_back_from_their_shards(tmp_path: Path) -> None:
    write(tmp_path, 5)
    assert sorted(file.name for file in tmp_path.glob("*.safetensors")) == [f"0000{n}.safetensors" for n in range(3)]
    clips = EncodedClips(tmp_path)
    for number in (4, 0, 3):
        fields = clips.load(f"c{number}")
        assert torch.equal(fields["rgb_CThw"], torch.full((2, 3), float(number), dtype=torch.float16))
        assert fields["regions_N"].tolist() == [0, 2]


def test_a_shorter_batch_leaves_no_old_shard(tmp_path: Path) -> None:
    write(tmp_path, 5)
    write(tmp_path, 2)
    assert len(list(tmp_path.glob("*.safetensors"))) == 1


def test_faults_are_named(tmp_path: Path) -> None:
    write(tmp_path, 2)
    with pytest.raises(ValueError, match="holds no clip c9"):
        EncodedClips(tmp_path).load("c9")
    shard = tmp_path / "00000.safetensors"
    shard.write_bytes(shard.read_bytes()[:-8])
    with pytest.raises(ValueError, match=r"00000\.safetensors cannot be read.*encode the batch again"):
        EncodedClips(tmp_path).load("c0")
    shard.unlink()
    with pytest.raises(ValueError, match=r"00000\.safetensors cannot be read"):
        EncodedClips(tmp_path).load("c0")


def test_bad_clips_are_refused(tmp_path: Path) -> None:
    writer = ShardWriter(tmp_path, clips_per_shard=2)
    writer.add("c0", {"rgb_CThw": torch.zeros(2)}, ABOUT)
    with pytest.raises(ValueError, match="clip c0 comes twice"):
        writer.add("c0", {"rgb_CThw": torch.zeros(2)}, ABOUT)
    with pytest.raises(ValueError, match="clip c1: field rgb_CThw has no finite"):
        writer.add("c1", {"rgb_CThw": torch.full((2,), float("nan"))}, ABOUT)
