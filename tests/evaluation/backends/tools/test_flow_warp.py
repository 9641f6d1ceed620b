"""Flicker is what is left beside motion: it grows with flicker and noise, not with motion."""

from collections.abc import Callable

import numpy as np
import pytest

from evaluation.backends.contracts import Answer
from evaluation.backends.tools.flow_warp import build
from evaluation.backends.video import Frames


def mean(answer: Answer, series: str) -> float:
    return float(np.mean([value for value in answer.per_frame[series] if value is not None and np.isfinite(value)]))


def test_flicker_and_noise_raise_it_and_motion_hardly_does(answer: Callable[..., Answer], moving: Frames) -> None:
    tool = build(None)
    still = np.repeat(moving[:1], 6, axis=0)
    gain = np.array([1, 0.9, 1.1, 0.92, 1.08, 1])[:, None, None, None]
    flickering = (moving * gain).clip(0, 255).astype(np.uint8)
    noisy = (moving + np.random.default_rng(0).normal(0, 12, moving.shape)).clip(0, 255).astype(np.uint8)
    nothing, moved, flickers, noise = (answer(tool, frames) for frames in (still, moving, flickering, noisy))
    assert mean(nothing, "flow_warp_error") == 0
    assert mean(moved, "flow_warp_error") < 2
    assert mean(flickers, "flow_warp_error") > mean(moved, "flow_warp_error") + 3
    assert mean(noise, "flow_warp_error") > mean(moved, "flow_warp_error") + 3
    assert mean(nothing, "interpolation_error") == 0
    assert mean(flickers, "interpolation_error") > mean(moved, "interpolation_error") + 3
    assert len(moved.per_frame["flow_warp_error"]) == len(moved.per_frame["interpolation_error"]) == 6


def test_one_frame_has_no_flicker(answer: Callable[..., Answer], moving: Frames) -> None:
    with pytest.raises(ValueError, match="has one frame"):
        answer(build(None), moving[:1])
