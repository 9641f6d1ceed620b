"""Hand position error and which hands act, on boxes written by hand."""

import math

import numpy as np
import pytest

from data.contracts import FrameBoxes
from evaluation.metrics.hand_error import active_hands, hand_error_px
from foundation.clip_format import Box


def _box(x: int, y: int) -> Box:
    return (x - 2, y - 2, x + 2, y + 2)


def _boxes(left: list[int], right: list[int], product: int | None) -> dict[int, FrameBoxes]:
    """Hands at height 50, at these x on frames 2, 6, 10 ...; the product still at x = `product`."""
    return {
        2 + 4 * i: FrameBoxes(
            left_hand=_box(left[i], 50),
            right_hand=_box(right[i], 50),
            product=_box(product, 50) if product is not None else None,
        )
        for i in range(len(left))
    }


def test_the_holding_hand_acts_even_when_it_is_still() -> None:
    assert active_hands(_boxes([40, 40, 40], [10, 10, 10], product=38)) == [0]


def test_a_waving_free_hand_acts_too() -> None:
    assert active_hands(_boxes([40, 40, 40], [10, 20, 10], product=38)) == [0, 1]


def test_without_products_the_moving_hand_acts() -> None:
    assert active_hands(_boxes([40, 40, 40], [10, 30, 50], product=None)) == [1]


def test_error_is_the_mean_distance_of_the_asked_hands() -> None:
    true = np.zeros((2, 2, 2))
    located = true + np.array([[3.0, 4.0], [100.0, 0.0]])
    assert hand_error_px(located, true, [0]) == pytest.approx(5.0)
    assert hand_error_px(located, true, [0, 1]) == pytest.approx(52.5)


def test_frames_without_a_box_do_not_count_and_none_at_all_is_nan() -> None:
    true = np.zeros((2, 2, 2))
    true[0, 0] = math.nan
    assert hand_error_px(np.ones((2, 2, 2)), true, [0]) == pytest.approx(math.sqrt(2))
    assert math.isnan(hand_error_px(np.ones((2, 2, 2)), np.full((2, 2, 2), math.nan), [0]))
    assert math.isnan(hand_error_px(np.ones((2, 2, 2)), true, []))


def test_centres_of_other_frames_are_refused() -> None:
    with pytest.raises(ValueError, match="differ in shape"):
        hand_error_px(np.zeros((3, 2, 2)), np.zeros((2, 2, 2)), [0])
