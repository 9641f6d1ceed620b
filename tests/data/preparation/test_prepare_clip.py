from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.clips.manifest import read_manifest
from data.contracts import ClipRecord
from data.preparation.prepare_clip import ClipJob, prepare_clip
from foundation.clip_format import ClipFormat
from foundation.failures import ClipError
from foundation.sound import read_audio, write_audio
from foundation.video_reading import read_video
from foundation.video_writing import write_video

Deliver = Callable[..., Path]


def prepare(raw: Path, clip: ClipFormat, rates: tuple[float, ...] = (25.0,)) -> tuple[Path, ClipRecord]:
    prepared = raw.parent / "prepared"
    (record,) = read_manifest(raw)
    return prepared, prepare_clip(ClipJob(record, raw, prepared, clip, rates))[0]


def test_a_clip_of_the_right_format_is_copied(deliver: Deliver, clip_format: ClipFormat) -> None:
    raw = deliver()
    prepared, record = prepare(raw, clip_format)
    for name, field in (("rgb.mp4", "video"), ("hoi.mp4", "hoi_video"), ("audio.wav", "audio")):
        source = {"rgb.mp4": "c0/rgb.mp4", "hoi.mp4": "c0/hoi.mp4", "audio.wav": "c0/sound.wav"}[name]
        assert getattr(record, field) == f"clips/c0/{name}"
        assert (prepared / "clips/c0" / name).read_bytes() == (raw / source).read_bytes()


def test_another_format_is_cut_resized_and_its_boxes_move(deliver: Deliver) -> None:
    clip = ClipFormat(frames=5, frames_per_second=25, height=32, width=32, motion_frames=0)
    prepared, record = prepare(deliver(), clip)
    frames_THWC, rate = read_video(prepared / record.video)
    assert (frames_THWC.shape, rate) == ((5, 32, 32, 3), 25.0)
    hoi_THWC, _ = read_video(prepared / record.hoi_video)
    assert hoi_THWC.shape == (5, 32, 32, 3)
    samples_S, samples_per_second = read_audio(prepared / record.audio)
    assert (len(samples_S), samples_per_second) == (5 * 640, 16_000)
    assert np.asarray(Image.open(prepared / record.person_image)).shape == (32, 32, 3)
    assert (record.frames, record.height, record.width) == (5, 32, 32)
    assert list(record.boxes) == [2]  # frame 6 was cut off
    assert record.boxes[2].face == (2, 0, 12, 4)  # 8 rows of 48 are cut above


def test_other_sound_is_resampled_to_16_khz_and_the_clips_length(deliver: Deliver, clip_format: ClipFormat) -> None:
    raw = deliver()
    tone_S = np.sin(2 * np.pi * 440 * np.arange(44_100) / 44_100).astype(np.float32) * 0.5
    write_audio(raw / "c0/sound.wav", tone_S, 44_100)
    prepared, record = prepare(raw, clip_format)
    samples_S, rate = read_audio(prepared / record.audio)
    assert (len(samples_S), rate) == (9 * 640, 16_000)
    spectrum = np.abs(np.fft.rfft(samples_S))
    assert abs(np.argmax(spectrum) * 16_000 / len(samples_S) - 440) < 3


def test_motion_is_the_last_frames_before_the_clip(deliver: Deliver) -> None:
    raw = deliver(motion_video="c0/motion.mp4")
    frames_THWC = np.random.default_rng(0).integers(0, 255, (12, 48, 32, 3), np.uint8)
    write_video(raw / "c0/motion.mp4", frames_THWC, 25, lossless=True)
    clip = ClipFormat(frames=9, frames_per_second=25, height=48, width=32, motion_frames=5)
    prepared, record = prepare(raw, clip)
    assert record.motion_video == "clips/c0/motion.mp4"
    np.testing.assert_array_equal(read_video(prepared / record.motion_video)[0], frames_THWC[-5:])
    with pytest.raises(ClipError, match=r"field motion_video \| 12 frames \| at least 73"):
        prepare(raw, clip.model_copy(update={"motion_frames": 73}))


def test_4_an_unreadable_clip_is_an_error_that_names_it(deliver: Deliver, clip_format: ClipFormat) -> None:
    raw = deliver()
    (raw / "c0/rgb.mp4").write_bytes((raw / "c0/rgb.mp4").read_bytes()[:300])
    with pytest.raises(ClipError, match=r"clip c0 \| field video \| .*cannot be read.* \| fix: "):
        prepare(raw, clip_format)


def test_5_another_rate_is_refused(deliver: Deliver, clip_format: ClipFormat) -> None:
    raw = deliver()
    write_video(raw / "c0/rgb.mp4", read_video(raw / "c0/rgb.mp4")[0], 24, lossless=True)
    with pytest.raises(
        ClipError, match=r"clip c0 \| field video \| container states 24 frames a second \| 25 expected"
    ):
        prepare(raw, clip_format)
    prepared, record = prepare(raw, clip_format, rates=(25.0, 24.0))
    assert read_video(prepared / record.video)[1] == 25.0


@pytest.mark.parametrize("field", ["hoi_video", "audio", "person_image", "product_image"])
def test_missing_files_are_named(deliver: Deliver, clip_format: ClipFormat, field: str) -> None:
    with pytest.raises(ClipError, match=rf"clip c0 \| field {field} \| c0/gone \| the file exists"):
        prepare(deliver(**{field: "c0/gone"}), clip_format)


def test_files_outside_the_batch_are_refused(deliver: Deliver, clip_format: ClipFormat) -> None:
    with pytest.raises(ClipError, match="field video"):
        prepare(deliver(video="../raw2/rgb.mp4"), clip_format)


def test_a_structure_video_of_other_frames_is_refused(deliver: Deliver, clip_format: ClipFormat) -> None:
    raw = deliver()
    write_video(raw / "c0/hoi.mp4", read_video(raw / "c0/hoi.mp4")[0][:8], 25, lossless=True)
    with pytest.raises(ClipError, match=r"field hoi_video \| 8 frames of 48x32 where the clip has 9 frames of 48x32"):
        prepare(raw, clip_format)


def test_short_clips_and_short_sound_are_refused(deliver: Deliver, clip_format: ClipFormat) -> None:
    raw = deliver()
    with pytest.raises(ClipError, match=r"field video \| 9 frames \| at least 33"):
        prepare(raw, clip_format.model_copy(update={"frames": 33}))
    write_audio(raw / "c0/sound.wav", np.ones(9 * 640 - 700, np.float32) * 0.1)
    with pytest.raises(ClipError, match=r"field audio \| 0\.32 s"):
        prepare(raw, clip_format)


def test_a_record_that_is_wrong_about_its_video_is_refused(deliver: Deliver, clip_format: ClipFormat) -> None:
    with pytest.raises(ClipError, match="its record states 9 frames of 96x64"):
        prepare(deliver(height=96, width=64), clip_format)


def test_a_record_of_another_rate_is_refused(deliver: Deliver, clip_format: ClipFormat) -> None:
    with pytest.raises(ClipError, match=r"clip c0 \| field frames_per_second \| 29.97 \| the video's rate, 25"):
        prepare(deliver(frames_per_second=29.97), clip_format)
