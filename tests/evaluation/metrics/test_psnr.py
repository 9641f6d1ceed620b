"""PSNR against a value known by hand."""

import math

import numpy as np
import pytest

from evaluation.measuring.clip import MeasuredClip
from evaluation.metrics.psnr import psnr_db

TRUTH = np.full((3, 8, 8, 3), 100, dtype=np.uint8)
CLIP = MeasuredClip("a", truth=TRUTH)


def test_psnr_of_a_known_error_and_of_none() -> None:
    assert psnr_db(CLIP, TRUTH) == math.inf
    assert psnr_db(CLIP, TRUTH + 5) == pytest.approx(20 * math.log10(255 / 5))


def test_frame_zero_shows_the_reference_and_does_not_count() -> None:
    frames = TRUTH + 5
    frames[0] = 0
    assert psnr_db(CLIP, frames) == psnr_db(CLIP, TRUTH + 5)
