"""Log-mel: one column a denoised frame, at the right time, and what is refused."""

import numpy as np
import pytest
from numpy.typing import NDArray

from model.conditioning.audio_encoders.log_mel import LogMelAudio


def tone(frames: int, hertz: float = 440.0) -> NDArray[np.float32]:
    seconds = np.arange(frames * 640) / 16_000
    return (0.3 * np.sin(2 * np.pi * hertz * seconds)).astype(np.float32)


def test_log_mel_has_one_column_for_each_denoised_frame() -> None:
    audio = LogMelAudio(32).encode(tone(33), 33)
    assert audio.shape == (1, 32, 32)
    assert audio.isfinite().all()


def test_log_mel_puts_a_sound_on_its_own_frame() -> None:
    samples = np.zeros(33 * 640, dtype=np.float32)
    samples[10 * 640 : 11 * 640] = tone(1)
    loudness_S = LogMelAudio(32).encode(samples, 33)[0].max(dim=0).values
    assert int(loudness_S.argmax()) == 9  # column s belongs to pixel frame s + 1
    assert float(loudness_S[9]) > float(loudness_S[12]) + 1


def test_log_mel_tells_high_from_low() -> None:
    encoder = LogMelAudio(32)
    low, high = (int(encoder.encode(tone(9, hertz), 9)[0].mean(dim=1).argmax()) for hertz in (200, 4000))
    assert low + 8 < high


def test_log_mel_refuses_wrong_lengths() -> None:
    encoder = LogMelAudio(32)
    with pytest.raises(ValueError, match=r"4k \+ 1 frames.*got 32"):
        encoder.encode(tone(32), 32)
    with pytest.raises(ValueError, match="too few"):
        encoder.encode(tone(1), 33)
