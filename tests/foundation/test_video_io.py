"""What is written must come back: the same pixels, the same rate, the same sound; what is broken must be named."""

from pathlib import Path

import numpy as np
import pytest

from foundation.video_io import read_audio, read_video, write_audio, write_video


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
    for read in (read_video, read_audio):
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
