"""Motion smoothness of a still and of a flickering clip."""

import numpy as np
import pytest

from evaluation.metrics.motion_smoothness import motion_smoothness


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
