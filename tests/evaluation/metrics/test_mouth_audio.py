"""Mouth-audio correlation on a drawn face whose mouth follows a known loudness."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from data.contracts import FrameBoxes
from evaluation.metrics.mouth_audio import correlation, loudness, mouth_audio_correlation, mouth_opening

FRAMES = 33
BOXES = {frame: FrameBoxes(face=(10, 10, 33, 41)) for frame in range(2, FRAMES, 4)}


def _face(opening_T: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Skin everywhere, a dark mouth in the lower face as high as the opening."""
    frames = np.full((len(opening_T), 48, 44, 3), (224, 172, 140), dtype=np.uint8)
    for frame, opening in zip(frames, opening_T, strict=True):
        frame[31 : 31 + round(8 * opening), 18:26] = (70, 15, 20)
    return frames


def _wave(seed: int = 0) -> NDArray[np.float64]:
    return np.abs(np.sin(np.arange(FRAMES) / 3 + np.random.default_rng(seed).uniform(0, 6)))


def test_a_mouth_that_follows_the_sound_correlates() -> None:
    assert mouth_audio_correlation(_face(_wave()), BOXES, _wave()) > 0.9


def test_a_mouth_that_opens_in_silence_anticorrelates() -> None:
    assert mouth_audio_correlation(_face(1 - _wave()), BOXES, _wave()) < -0.8


def test_a_still_mouth_follows_nothing() -> None:
    assert mouth_audio_correlation(_face(np.full(FRAMES, 0.5)), BOXES, _wave()) == 0


def test_a_jaw_that_moves_the_box_of_a_still_mouth_follows_nothing() -> None:
    """On a face that gets lighter downwards: a window that went down with the chin would see the mouth open."""
    frames = _face(np.full(FRAMES, 0.5))
    frames[:, 10:42, 10:34] = np.linspace(40, 220, 32, dtype=np.uint8)[None, :, None, None]
    jaw = {f: FrameBoxes(face=(10, 10, 33, 36 + round(8 * _wave()[f]))) for f in BOXES}
    assert mouth_audio_correlation(frames, jaw, _wave()) == 0


def test_a_silent_clip_says_nothing() -> None:
    assert math.isnan(mouth_audio_correlation(_face(_wave()), BOXES, np.zeros(FRAMES)))


def test_frame_zero_shows_the_reference_and_does_not_count() -> None:
    frames = _face(_wave())
    changed = frames.copy()
    changed[0] = 0
    changed[0, 20:, 12:30] = 255
    assert mouth_audio_correlation(changed, BOXES, _wave()) == pytest.approx(
        mouth_audio_correlation(frames, BOXES, _wave()), abs=0.02
    )


def test_the_mouth_is_followed_when_the_face_moves() -> None:
    frames, boxes = _face(_wave()), dict(BOXES)
    moved = np.stack([np.roll(frame, index // 8, axis=1) for index, frame in enumerate(frames)])
    boxes = {f: FrameBoxes(face=(10 + f // 8, 10, 33 + f // 8, 41)) for f in BOXES}
    assert mouth_audio_correlation(moved, boxes, _wave()) > 0.9


def test_no_face_box_is_an_error() -> None:
    with pytest.raises(ValueError, match="no frame has a face box"):
        mouth_opening(_face(_wave()), {2: FrameBoxes()})


def test_loudness_of_a_tone_that_starts_half_way() -> None:
    samples = np.zeros(16_000)
    samples[8_000:] = np.sqrt(2) * np.sin(np.arange(8_000) * 0.3)
    loud = loudness(samples, 16_000, 25, 25)
    assert loud.shape == (25,)
    assert loud[:12] == pytest.approx(np.zeros(12))
    assert loud[13:] == pytest.approx(np.ones(12), abs=0.02)


def test_sound_shorter_than_the_picture_ends_in_silence() -> None:
    assert loudness(np.ones(8_000), 16_000, 25, 25)[-1] == 0


def test_correlation_of_proportional_series_is_one() -> None:
    assert correlation(np.arange(5.0), 3 * np.arange(5.0) + 2) == pytest.approx(1)
