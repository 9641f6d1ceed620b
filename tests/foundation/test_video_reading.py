"""What is written must come back: the same pixels, the same rate, the same sound; what is broken must be named."""

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from foundation.geometry import cover
from foundation.pictures import read_image
from foundation.sound import read_audio, resampled, write_audio
from foundation.video_reading import read_video
from foundation.video_writing import write_video


def noise(frames: int = 9) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (frames, 32, 48, 3), dtype=np.uint8)


def test_lossless_video_gives_the_same_pixels(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", noise(), 25, lossless=True)
    frames, rate = read_video(tmp_path / "a.mp4")
    assert np.array_equal(frames, noise())
    assert rate == 25.0


def test_lossy_video_keeps_count_rate_and_smooth_pictures(tmp_path: Path) -> None:
    ramp = np.broadcast_to(np.arange(48, dtype=np.uint8)[None, None, :, None] * 5, (7, 32, 48, 3))
    write_video(tmp_path / "a.mp4", ramp, 24, lossless=False)
    frames, rate = read_video(tmp_path / "a.mp4")
    assert frames.shape == ramp.shape
    assert rate == 24.0
    assert np.abs(frames.astype(int) - ramp).mean() < 4


def test_the_same_frames_give_the_same_file(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        write_video(tmp_path / name, noise(), 25, lossless=True)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_sound_comes_back_within_one_16_bit_step(tmp_path: Path) -> None:
    samples = np.sin(np.arange(5000, dtype=np.float32) / 9) * np.float32(0.7)
    write_audio(tmp_path / "a.wav", samples)
    found, rate = read_audio(tmp_path / "a.wav")
    assert rate == 16_000
    assert found.dtype == np.float32
    assert np.abs(found - samples).max() < 1 / 16_000


@pytest.mark.parametrize("content", [b"", b"not a video at all", None])
def test_a_broken_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "broken.mp4"
    if content is not None:
        path.write_bytes(content)
    for read in (read_video, read_audio, read_image):
        with pytest.raises(ValueError, match=r"broken\.mp4"):
            read(path)


def test_a_cut_video_is_an_error_not_a_shorter_clip(tmp_path: Path) -> None:
    write_video(tmp_path / "whole.mp4", noise(40), 25, lossless=True)
    whole = (tmp_path / "whole.mp4").read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"cut\.mp4"):
        read_video(path)


def test_wrong_shapes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected frames"):
        write_video(tmp_path / "a.mp4", noise()[:0], 25, lossless=True)
    with pytest.raises(ValueError, match="even height"):
        write_video(tmp_path / "a.mp4", noise()[:, :31], 25, lossless=False)


def test_the_first_frames_are_read_alone_and_every_frame_to_a_size(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", noise(), 25, lossless=True)
    frames, rate = read_video(tmp_path / "a.mp4", limit=4, size=(16, 16))
    assert np.array_equal(frames, cover(noise()[:4], 16, 16))
    assert rate == 25.0
    assert len(read_video(tmp_path / "a.mp4", limit=99)[0]) == 9


def test_a_cut_video_is_an_error_where_the_limit_lies_behind_the_cut(tmp_path: Path) -> None:
    write_video(tmp_path / "whole.mkv", noise(40), 25, lossless=True)
    whole = (tmp_path / "whole.mkv").read_bytes()
    (tmp_path / "cut.mkv").write_bytes(whole[: len(whole) // 2])
    assert len(read_video(tmp_path / "cut.mkv", limit=8)[0]) == 8


def test_a_video_for_people_carries_its_sound(tmp_path: Path) -> None:
    levels_T = np.linspace(0, 255, 33).round().astype(np.uint8)
    ramp = np.broadcast_to(levels_T[:, None, None, None], (33, 96, 64, 3))
    samples = (0.5 * np.sin(2 * np.pi * 440 * np.arange(40 * 640) / 16_000)).astype(np.float32)
    write_video(tmp_path / "new" / "v.mp4", ramp, 25, sound=(samples, 16_000))
    with av.open(str(tmp_path / "new" / "v.mp4")) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        assert (picture.codec_context.name, picture.pix_fmt, float(picture.average_rate)) == ("h264", "yuv420p", 25)
        assert (sound.codec_context.name, sound.rate) == ("aac", 16_000)
        assert float(sound.duration * sound.time_base) == pytest.approx(33 / 25, abs=0.1), "cut to the picture's length"
        frames = [frame.to_ndarray(format="rgb24").mean() for frame in container.decode(picture)]
    assert len(frames) == 33
    np.testing.assert_allclose(frames, np.linspace(0, 255, 33), atol=4)
    heard, _ = read_audio(tmp_path / "new" / "v.mp4")
    assert abs(float(np.abs(heard).mean()) - float(np.abs(samples).mean())) < 0.03


@pytest.mark.parametrize("kind", ["mp4", "mkv"])
def test_sound_is_heard_when_it_was_written_not_a_coders_delay_later(tmp_path: Path, kind: str) -> None:
    click_S = np.zeros(6400, np.float32)
    click_S[4000:4040] = 0.9
    write_video(tmp_path / f"v.{kind}", np.zeros((10, 16, 16, 3), np.uint8), 25, sound=(click_S, 16_000))
    heard_S, _ = read_audio(tmp_path / f"v.{kind}")
    assert abs(int(np.abs(heard_S).argmax()) - 4020) < 40, "samples; AAC begins 1024 late"


def test_sound_is_read_at_the_rate_that_is_asked_for(tmp_path: Path) -> None:
    samples = np.sin(np.arange(44_100, dtype=np.float32) / 9) * np.float32(0.5)
    write_audio(tmp_path / "a.wav", samples, 44_100)
    found, rate = read_audio(tmp_path / "a.wav", 16_000)
    assert (rate, len(found)) == (16_000, pytest.approx(16_000, abs=20))
    np.testing.assert_allclose(resampled((samples, 44_100), 16_000), found, atol=1e-3)


def test_pictures_of_any_kind_are_rgb(tmp_path: Path) -> None:
    Image.new("RGBA", (6, 4), (10, 20, 30, 255)).save(tmp_path / "a.png")
    picture_1HWC = read_image(tmp_path / "a.png")
    assert (picture_1HWC.shape, picture_1HWC.dtype) == ((1, 4, 6, 3), np.uint8)
    assert tuple(picture_1HWC[0, 0, 0]) == (10, 20, 30)
