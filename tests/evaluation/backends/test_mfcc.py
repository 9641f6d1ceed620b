"""MFCC: the shape of a second, the energy, and the triangles' places."""

import numpy as np
import pytest

from evaluation.backends.mfcc import mfcc, triangles


def test_a_second_has_99_windows_of_13_numbers_and_loud_is_louder() -> None:
    tone = np.sin(np.arange(16_000) * 2 * np.pi * 440 / 16_000).astype(np.float32)
    quiet, loud = mfcc(0.1 * tone, 16_000), mfcc(0.8 * tone, 16_000)
    assert quiet.shape == loud.shape == (13, 99)
    assert (loud[0] - quiet[0])[1:-1] == pytest.approx(2 * np.log(8), abs=0.02)
    assert np.abs(loud[1:] - quiet[1:])[:, 1:-1].max() < 1.5


def test_silence_is_finite() -> None:
    assert np.isfinite(mfcc(np.zeros(4_000, np.float32), 16_000)).all()


def test_each_triangle_rises_to_one_in_the_order_of_pitch() -> None:
    weights = triangles(16_000)
    assert weights.shape == (26, 257)
    assert weights.max(axis=1) == pytest.approx(np.ones(26))
    assert (np.diff(weights.argmax(axis=1)) > 0).all()
