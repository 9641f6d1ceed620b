"""The two DVC stages on a small prepared batch, from files to files."""

import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from data.clips.manifest import read_manifest, write_manifest
from data.contracts import ClipRecord, FrameBoxes
from data.versions.batch_receipts import Validation, judged_files, write_validation
from foundation.digests import folder_digest
from foundation.map_items import Spread, map_items
from foundation.sound import write_audio
from foundation.video_writing import write_video
from model.conditioning.build import build_codec
from model.conditioning.pixels import to_pixels
from model.contracts import LatentCodecConfig
from model.encoding import encode_clips
from model.encoding.encode_clips import encode_batch
from model.encoding.encoded_clips import EncodedClips, read_index
from model.encoding.encoders_folder import read_encoders
from model.encoding.fit_encoders import fit_encoders

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
    entry = {"batch": order, "clip": clip, "encoders": "b1", "encoding": ENCODING}
    (tmp_path / "datasets/batches.yaml").write_text(yaml.safe_dump({"batches": {"b1": entry}}))
    validate(prepared, valid=True)
    return tmp_path


def validate(prepared: Path, valid: bool) -> None:
    failures = [] if valid else ["clip 0001 | field hand_boxes | fix: annotate it"]
    judged = judged_files(prepared)
    found = {"valid": valid, "clips": 3, "failures": failures, "raw_digest": "r", **judged}
    write_validation(prepared, Validation.model_validate(found))


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
    person = to_pixels(np.full((1, HEIGHT, WIDTH, 3), 200, np.uint8))
    torch.testing.assert_close(fields["rgb_CThw"][None, :, :1].float(), codec.encode(person), atol=2e-2, rtol=1e-2)
    joint = codec.encode(to_pixels(moving_bar(2, MOTION + FRAMES)[1:]))[0]  # the clip's frame 0 is told as motion
    torch.testing.assert_close(fields["motion_CFhw"].float(), joint[:, :2], atol=2e-2, rtol=1e-2)
    torch.testing.assert_close(fields["rgb_after_motion_CThw"].float(), joint[:, 2:], atol=2e-2, rtol=1e-2)


def test_with_motion_or_without_the_target_shows_what_structure_video_sound_and_boxes_belong_to(project: Path) -> None:
    fit_encoders("b1")
    encode_batch("b1")
    codec = build_codec(LatentCodecConfig(kind="linear", channels=8), Path("datasets/encoders/b1"))
    fields = {name: value.float() for name, value in EncodedClips(Path("datasets/encoded/b1")).load("0002").items()}
    told = codec.decode(torch.cat([fields["motion_CFhw"], fields["rgb_after_motion_CThw"]], dim=1)[None])
    dropped = codec.decode(fields["rgb_CThw"][None])
    truth = to_pixels(moving_bar(2, MOTION + FRAMES)[MOTION:])
    made = FRAMES - 1
    for shown in (told, dropped):
        missed = [(shown[:, :, -made:] - truth[:, :, first : first + made]).square().mean() for first in (0, 1)]
        assert missed[1] < 0.5 * missed[0], "frames 1..4T of the clip, not the ones 40 ms before"


def encoded() -> str:
    return folder_digest(Path("datasets/encoded/b1"))


def test_fitting_and_encoding_again_gives_the_same_bytes(project: Path) -> None:
    fit_encoders("b1")
    encode_batch("b1")
    first = folder_digest(Path("datasets/encoders/b1")), encoded()
    assert read_index(Path("datasets/encoded/b1")).encoders_digest == first[0]
    assert "dB on RGB" in read_encoders(Path("datasets/encoders/b1")).captions["latent_codec"]
    shutil.rmtree("datasets/encoded/b1")
    fit_encoders("b1")
    encode_batch("b1")
    assert (folder_digest(Path("datasets/encoders/b1")), encoded()) == first


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
    with pytest.raises(ValueError, match=r"model\.encoding\.fit_encoders b1"):
        read_encoders(Path("datasets/encoders/b1"))


@pytest.fixture
def worked_on(project: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, ...]]:
    """clip -> the parts of it that the last run really encoded."""
    seen: dict[str, tuple[str, ...]] = {}

    def spy(work: Any, jobs: list[encode_clips.EncodeJob], spread: Spread) -> Any:
        seen.clear()
        seen.update({job.record.clip_id: job.parts for job in jobs})
        return map_items(work, jobs, spread)

    monkeypatch.setattr(encode_clips, "map_items", spy)
    fit_encoders("b1")
    encode_batch("b1")
    assert seen["0002"] == ("rgb", "hoi", "product", "motion", "text", "hoi_text", "audio", "regions")
    return seen


def change_entry(**changes: Any) -> None:
    file = Path("datasets/batches.yaml")
    entry = yaml.safe_load(file.read_text())["batches"]["b1"]
    file.write_text(yaml.safe_dump({"batches": {"b1": {**entry, **changes}}}))


def change_records(change: Callable[[list[ClipRecord]], list[ClipRecord]]) -> None:
    prepared = Path("datasets/prepared/b1")
    write_manifest(prepared, change(read_manifest(prepared)))
    validate(prepared, valid=True)


def test_nothing_changed_encodes_nothing(worked_on: dict[str, tuple[str, ...]]) -> None:
    before = encoded()
    worked_on.clear()
    encode_batch("b1")
    assert worked_on == {}
    assert encoded() == before


def test_another_text_encoder_encodes_text_and_nothing_else(worked_on: dict[str, tuple[str, ...]]) -> None:
    before = encoded()
    change_entry(encoding={**ENCODING, "text_encoder": {"kind": "hashed_words", "dim": 16, "tokens": 12}})
    with pytest.raises(ValueError, match=r"fitted with another encoding\.text_encoder .*: fit the encoders again"):
        encode_batch("b1")
    fit_encoders("b1")
    encode_batch("b1")
    assert worked_on == {f"000{number}": ("text", "hoi_text") for number in range(3)}
    assert EncodedClips(Path("datasets/encoded/b1")).load("0001")["text_LD"].shape == (12, 16)
    assert encoded() != before


def test_one_clip_more_is_one_clips_work_and_one_prompt_is_its_text(worked_on: dict[str, tuple[str, ...]]) -> None:
    motionless = write_clip(Path("datasets/prepared/b1"), 3, motion=False)
    change_records(lambda records: [*records, motionless])
    encode_batch("b1")
    assert worked_on == {"0003": ("rgb", "hoi", "text", "hoi_text")}, "its sound, product and boxes are known already"
    change_records(lambda records: [records[0].model_copy(update={"prompt": "other words"}), *records[1:]])
    encode_batch("b1")
    assert worked_on == {"0000": ("text", "hoi_text")}
    grown = encoded()
    shutil.rmtree("datasets/encoded/b1")
    encode_batch("b1")
    assert len(worked_on) == 4
    assert encoded() == grown, "step by step or at once, the same bytes"


@pytest.mark.parametrize(
    "spread",
    [
        {"preparation_processes": 1},
        {"preparation_processes": 3},
        pytest.param(
            {"map": "ray", "preparation_processes": 2},
            marks=[
                pytest.mark.end_to_end,
                pytest.mark.skipif(find_spec("ray") is None, reason="Ray is an extra: run `make setup-extras`"),
            ],
        ),
    ],
)
def test_how_the_work_is_spread_changes_no_byte(worked_on: dict[str, tuple[str, ...]], spread: dict[str, Any]) -> None:
    before = encoded()
    shutil.rmtree("datasets/encoded/b1")
    change_entry(harmless=spread)
    encode_batch("b1")
    assert encoded() == before
