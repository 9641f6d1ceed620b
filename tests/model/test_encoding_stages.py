"""The two DVC stages on a small prepared batch, from files to files."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from data.batch_receipts import judged_files
from data.contracts import ClipRecord, FrameBoxes
from data.manifest import write_manifest
from data.video_io import write_audio, write_video
from model.conditioning.build import build_codec
from model.contracts import LatentCodecConfig
from model.encode_clips import encode_batch
from model.encoded_clips import EncodedClips
from model.encoding_receipts import encoded_receipt, encoders_receipt
from model.fit_encoders import fit_encoders
from model.prepared_clip import pixels_to_unit

FRAMES, HEIGHT, WIDTH, MOTION = 9, 32, 48, 5
ENCODING: dict[str, Any] = {
    "latent_codec": {"kind": "linear", "channels": 8},
    "text_encoder": {"kind": "hashed_words", "dim": 8, "tokens": 12},
    "audio_encoder": {"kind": "log_mel", "dim": 6, "layers": 1},
    "hoi_prompt": "structure video:",
    "clips_per_shard": 2,
}


def moving_bar(seed: int, frames: int) -> np.ndarray:
    video = np.full((frames, HEIGHT, WIDTH, 3), 30 + 40 * seed, dtype=np.uint8)
    for frame in range(frames):
        video[frame, :, 4 * frame : 4 * frame + 8] = [220, 90, 20 * seed]
    return video


def write_clip(prepared: Path, number: int, motion: bool) -> ClipRecord:
    folder = prepared / "clips" / f"{number:04d}"
    folder.mkdir(parents=True)
    video = moving_bar(number, MOTION + FRAMES)
    write_video(folder / "rgb.mp4", video[MOTION:], 25, lossless=True)
    write_video(folder / "hoi.mp4", video[MOTION:] // 2, 25, lossless=True)
    if motion:
        write_video(folder / "motion.mp4", video[:MOTION], 25, lossless=True)
    write_audio(folder / "audio.wav", np.sin(np.arange(FRAMES * 640) / 9).astype(np.float32))
    for name, colour in (("person", 200), ("product", 120)):
        Image.fromarray(np.full((HEIGHT, WIDTH, 3), colour, np.uint8)).save(folder / f"{name}.png")
    path = f"clips/{number:04d}"
    return ClipRecord(
        clip_id=f"{number:04d}",
        prompt=f"prompt number {number}",
        person_id="p",
        product_id="q",
        video=f"{path}/rgb.mp4",
        hoi_video=f"{path}/hoi.mp4",
        audio=f"{path}/audio.wav",
        person_image=f"{path}/person.png",
        product_image=f"{path}/product.png" if number else None,
        motion_video=f"{path}/motion.mp4" if motion else None,
        frames=FRAMES,
        frames_per_second=25,
        height=HEIGHT,
        width=WIDTH,
        boxes={2: FrameBoxes(face=(0, 0, 10, 10), left_hand=(20, 20, 40, 30)), 6: FrameBoxes()},
    )


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with one valid prepared batch of three clips; the last one has motion."""
    monkeypatch.chdir(tmp_path)
    prepared = tmp_path / "datasets/prepared/b1"
    write_manifest(prepared, [write_clip(prepared, number, motion=number == 2) for number in range(3)])
    order = {"source": "studio", "seed": 0, "clips": 3}
    clip = {"frames": FRAMES, "frames_per_second": 25, "height": HEIGHT, "width": WIDTH, "motion_frames": MOTION}
    entry = {"order": order, "clip": clip, "encoders": "b1", "encoding": ENCODING}
    (tmp_path / "datasets/batches.yaml").write_text(yaml.safe_dump({"batches": {"b1": entry}}))
    validate(prepared, valid=True)
    return tmp_path


def validate(prepared: Path, valid: bool) -> None:
    digest = sha256((prepared / "manifest.jsonl").read_bytes()).hexdigest()
    failures = [] if valid else ["clip 0001 | field hand_boxes | fix: annotate it"]
    judged = {"manifest_sha256": digest, "files_digest": judged_files(prepared)}
    found = {"valid": valid, "clips": 3, "failures": failures, "raw_digest": "r", **judged}
    (prepared / "validation.json").write_text(json.dumps(found))


def test_a_batch_is_fitted_and_encoded_into_shards(project: Path) -> None:
    fit_encoders("b1")
    encode_batch("b1")
    clips = EncodedClips(Path("datasets/encoded/b1"))
    assert clips.ids == ["0000", "0001", "0002"]
    assert list(clips.info("0002").shards) == ["latents", "text", "audio", "regions"]
    shapes = {field: tuple(value.shape) for field, value in clips.load("0002").items()}
    assert shapes == {
        "rgb_CThw": (8, 3, 4, 6),
        "hoi_CThw": (8, 2, 4, 6),
        "rgb_after_motion_CThw": (8, 2, 4, 6),
        "motion_CFhw": (8, 2, 4, 6),
        "product_C1hw": (8, 1, 4, 6),
        "text_LD": (12, 8),
        "hoi_text_LD": (12, 8),
        "audio_KAS": (1, 6, 8),
        "regions_N": (2 * 2 * 3,),
    }
    assert "product_C1hw" not in clips.load("0000")
    assert clips.load("0001")["regions_N"].tolist() == [1, 0, 0, 0, 2, 2] + [0] * 6
    assert clips.load("0001")["text_LD"].dtype == torch.float16
    assert clips.info("0001").prompt == "prompt number 1"


def test_frame_zero_is_the_person_and_motion_is_joint(project: Path) -> None:
    fit_encoders("b1")
    encode_batch("b1")
    codec = build_codec(LatentCodecConfig(kind="linear", channels=8), Path("datasets/encoders/b1"))
    fields = EncodedClips(Path("datasets/encoded/b1")).load("0002")
    person = pixels_to_unit(np.full((1, HEIGHT, WIDTH, 3), 200, np.uint8))
    torch.testing.assert_close(fields["rgb_CThw"][None, :, :1].float(), codec.encode(person), atol=2e-2, rtol=1e-2)
    joint = codec.encode(pixels_to_unit(moving_bar(2, MOTION + FRAMES - 1)))[0]
    torch.testing.assert_close(fields["motion_CFhw"].float(), joint[:, :2], atol=2e-2, rtol=1e-2)
    torch.testing.assert_close(fields["rgb_after_motion_CThw"].float(), joint[:, 2:], atol=2e-2, rtol=1e-2)


def test_receipts_are_repeatable_and_follow_the_bytes(project: Path) -> None:
    fit_encoders("b1")
    encode_batch("b1")
    first = encoders_receipt("b1"), encoded_receipt("b1")
    assert first[1].clips == 3
    assert first[1].encoders_digest == first[0].digest
    assert "dB on RGB" in first[0].captions["latent_codec"]
    fit_encoders("b1")
    encode_batch("b1")
    assert (encoders_receipt("b1"), encoded_receipt("b1")) == first


def test_an_invalid_batch_is_not_used(project: Path) -> None:
    fit_encoders("b1")
    validate(project / "datasets/prepared/b1", valid=False)
    with pytest.raises(ValueError, match="clip 0001"):
        fit_encoders("b1")
    with pytest.raises(ValueError, match="clip 0001"):
        encode_batch("b1")


def test_a_clip_of_another_length_is_named(project: Path) -> None:
    write_video(project / "datasets/prepared/b1/clips/0001/hoi.mp4", moving_bar(1, 5), 25, lossless=True)
    validate(project / "datasets/prepared/b1", valid=True)
    with pytest.raises(ValueError, match=r"clip 0001 \| field hoi_video \| is \(5, 32, 48\)"):
        fit_encoders("b1")


def test_missing_encoders_and_unfinished_batches_say_what_to_run(project: Path) -> None:
    with pytest.raises(ValueError, match="fit the encoders first"):
        encode_batch("b1")
    with pytest.raises(ValueError, match="encode the batch first"):
        EncodedClips(Path("datasets/encoded/b1"))
    with pytest.raises(ValueError, match=r"model\.fit_encoders b1"):
        encoders_receipt("b1")
