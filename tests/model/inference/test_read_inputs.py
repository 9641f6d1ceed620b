"""What the user gives, of any size and rate, as files or as arrays, becomes what the encoders take."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from foundation.clip_format import ClipFormat
from foundation.geometry import CoverCrop
from foundation.sound import write_audio
from model.conditioning.pixels import to_bytes
from model.inference.read_inputs import clip_sound, picture_pixels

CLIP = ClipFormat(frames=33, frames_per_second=25, height=96, width=64, motion_frames=0)


def speech(path: Path, seconds: float, rate: int = 44_100) -> Path:
    write_audio(path, (0.4 * np.sin(np.arange(int(seconds * rate)) / 30)).astype(np.float32), rate)
    return path


def test_pictures_are_fitted_as_in_preparation_from_files_and_from_arrays(tmp_path: Path) -> None:
    picture_HWC = np.random.default_rng(0).integers(0, 255, (71, 133, 3), dtype=np.uint8)
    Image.fromarray(picture_HWC).save(tmp_path / "p.png")
    expected_1HWC = CoverCrop(71, 133, 96, 64).frames(picture_HWC[None])
    for given in (tmp_path / "p.png", picture_HWC):
        assert np.array_equal(to_bytes(picture_pixels(given, CLIP)[0]), expected_1HWC)


def test_sound_of_any_rate_is_cut_to_the_clip_and_short_sound_is_refused(tmp_path: Path) -> None:
    samples = clip_sound(speech(tmp_path / "long.wav", 3.0), CLIP, 33)
    assert len(samples) == 33 * 640
    assert 0.2 < float(np.abs(samples).mean()) < 0.3
    with pytest.raises(ValueError, match=r"short\.wav is 1\.00 s long, the video needs 1\.32 s"):
        clip_sound(speech(tmp_path / "short.wav", 1.0), CLIP, 33)
    with pytest.raises(ValueError, match=r"^audio is 1\.00 s long"):
        clip_sound((np.zeros(16_000, np.float32), 16_000), CLIP, 33)


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_sound_is_the_same_from_a_file_and_from_its_samples(rate: int, tmp_path: Path) -> None:
    samples_S = np.round(np.sin(np.arange(2 * rate) / 30) * 12_000).astype(np.float32)
    write_audio(tmp_path / "a.wav", samples_S / 32_767, rate)
    from_file, from_array = (clip_sound(given, CLIP, 33) for given in (tmp_path / "a.wav", (samples_S / 32_768, rate)))
    np.testing.assert_allclose(from_array, from_file, atol=1e-6)


def test_unreadable_inputs_are_named(tmp_path: Path) -> None:
    (tmp_path / "p.png").write_text("no picture")
    with pytest.raises(ValueError, match=r"p\.png cannot be read"):
        picture_pixels(tmp_path / "p.png", CLIP)
    with pytest.raises(ValueError, match=r"a\.wav cannot be read"):
        clip_sound(tmp_path / "a.wav", CLIP, 33)
    with pytest.raises(ValueError, match=r"uint8 \[H,W,3\] of RGB values, got float64 \(4, 4, 3\)"):
        picture_pixels(np.zeros((4, 4, 3)), CLIP)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"float32 \[S\].*got float32 \(2, 8\)"):
        clip_sound((np.zeros((2, 8), np.float32), 16_000), CLIP, 33)


def test_bytes_come_back_from_pixels() -> None:
    every_1HWC = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 16, 16, 3)
    pixels = picture_pixels(every_1HWC[0], CLIP.model_copy(update={"height": 16, "width": 16}))
    assert (float(pixels.min()), float(pixels.max()), pixels.dtype) == (-1, 1, torch.float32)
    assert np.array_equal(to_bytes(pixels[0]), every_1HWC)
