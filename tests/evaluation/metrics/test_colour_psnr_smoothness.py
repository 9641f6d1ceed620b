"""Colours, PSNR and motion smoothness against values known by hand."""

import math

import numpy as np
import pytest

from evaluation.metrics.colour import lab_from_rgb
from evaluation.metrics.psnr import psnr_db
from evaluation.metrics.smoothness import motion_smoothness


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [((255, 255, 255), (100, 0, 0)), ((0, 0, 0), (0, 0, 0)), ((255, 0, 0), (53.24, 80.09, 67.20))],
)
def test_lab_of_known_colours(rgb: tuple[int, int, int], lab: tuple[float, float, float]) -> None:
    assert lab_from_rgb(np.array(rgb, dtype=np.uint8)) == pytest.approx(np.array(lab), abs=0.05)


def test_psnr_of_a_known_error() -> None:
    truth = np.full((3, 8, 8, 3), 100, dtype=np.uint8)
    assert psnr_db(truth, truth) == math.inf
    assert psnr_db(truth + 5, truth) == pytest.approx(20 * math.log10(255 / 5))


def test_psnr_refuses_other_shapes() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        psnr_db(np.zeros((2, 8, 8, 3), np.uint8), np.zeros((3, 8, 8, 3), np.uint8))


def test_still_clip_is_perfectly_smooth_and_flicker_is_not() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (16, 16, 3), dtype=np.uint8)
    still = np.stack([picture] * 5)
    flicker = still.copy()
    flicker[1::2] = 255 - flicker[1::2]
    assert motion_smoothness(still) == pytest.approx(1)
    assert motion_smoothness(flicker) < -0.9


def test_smoothness_needs_two_frames() -> None:
    with pytest.raises(ValueError, match="two frames"):
        motion_smoothness(np.zeros((1, 16, 16, 3), np.uint8))
