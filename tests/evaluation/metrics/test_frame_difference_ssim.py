"""SSIM of frame differences on a square that moves over a still ground."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from data.contracts import FrameBoxes
from evaluation.catalogue import families
from evaluation.measuring.clip import MeasuredClip
from evaluation.metrics.frame_difference_ssim import differences, inside, whole_frame

HANDS = ("left_hand", "right_hand")
BOXES = {frame: FrameBoxes(right_hand=(8 + 3 * frame, 20, 15 + 3 * frame, 27)) for frame in (2, 6)}


def _clip(step: int, top: int = 20) -> NDArray[np.uint8]:
    """Nine frames of a light square that moves `step` pixels a frame to the right."""
    frames = np.full((9, 48, 64, 3), 60, dtype=np.uint8)
    for index, frame in enumerate(frames):
        frame[top : top + 8, 8 + step * index : 16 + step * index] = 230
    return frames


TRUE = MeasuredClip("a", truth=_clip(3), boxes=BOXES)


def test_the_truth_itself_scores_one_everywhere() -> None:
    assert whole_frame(TRUE, _clip(3)) == pytest.approx(1)
    assert inside(TRUE, _clip(3), HANDS) == pytest.approx(1)


def test_the_same_motion_is_worth_more_than_none_and_than_one_elsewhere() -> None:
    noise = np.random.default_rng(0).normal(0, 8, _clip(3).shape)
    noisy, still, elsewhere = np.clip(_clip(3) + noise, 0, 255).astype(np.uint8), _clip(0), _clip(3, top=4)
    for measure in (whole_frame, lambda clip, frames: inside(clip, frames, HANDS)):
        assert measure(TRUE, noisy) > 0.7
        assert measure(TRUE, still) < 0.2
        assert measure(TRUE, elsewhere) < 0.2


def test_a_pixel_off_is_worth_more_than_three() -> None:
    one, three = (whole_frame(TRUE, np.roll(_clip(3), pixels, axis=2)) for pixels in (1, 3))
    assert 1 > one > three + 0.1


def test_a_region_sees_its_own_boxes_only() -> None:
    frames = _clip(3)
    frames[6] = frames[5]  # stands still on the way to an annotated frame
    assert inside(TRUE, frames, HANDS) < 0.95
    frames = _clip(3)
    frames[8] = frames[7]  # after the last annotated frame
    assert inside(TRUE, frames, HANDS) == pytest.approx(1)
    assert whole_frame(TRUE, frames) < 0.95


def test_frame_zero_shows_the_reference_and_does_not_count() -> None:
    frames = _clip(3)
    frames[0] = 255
    assert whole_frame(TRUE, frames) == pytest.approx(1)
    early = MeasuredClip("a", truth=_clip(3), boxes={1: FrameBoxes(face=(8, 20, 15, 27)), **BOXES})
    assert math.isnan(inside(early, frames, ("face",)))


def test_without_a_box_or_without_motion_there_is_no_value() -> None:
    assert math.isnan(inside(TRUE, _clip(3), ("product",)))
    assert math.isnan(whole_frame(MeasuredClip("a", truth=_clip(0)), _clip(3)))


def test_differences_are_of_brightness() -> None:
    frames = np.zeros((3, 8, 8, 3), np.uint8)
    frames[2] = 255
    assert differences(frames) == pytest.approx(np.ones((1, 8, 8)))


def test_every_region_is_a_metric_of_its_own() -> None:
    names = [name for name in families() if name.startswith("frame_difference_ssim")]
    assert names == ["frame_difference_ssim", *(f"frame_difference_ssim_{at}" for at in ("face", "hands", "product"))]
