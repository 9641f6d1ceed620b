"""The interval misses as often as it says, also where clips are relatives; Holm; what an exam can see."""

import numpy as np
import pytest
from scipy import stats

from evaluation.clustered_interval import MeanGain, holm, mean_gain


def test_without_relatives_it_is_students_interval() -> None:
    values = np.random.default_rng(0).normal(1, 2, 12)
    gain = mean_gain(values, {"person": [str(place) for place in range(12)], "action": ["one"] * 12})
    known = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    assert gain.interval(0.9) == pytest.approx((known.low, known.high))
    assert gain.bound(0.05) == pytest.approx(known.low)
    assert gain.p_value() == pytest.approx(stats.ttest_1samp(values, 0, alternative="greater").pvalue)


@pytest.mark.parametrize(("clips", "share_of_action"), [(16, 0.0), (16, 0.3), (32, 0.3)])
def test_it_misses_about_as_often_as_it_says(clips: int, share_of_action: float) -> None:
    """Student's interval over clips misses 12 in 100 in the last case."""
    random, missed = np.random.default_rng(1), 0
    actions = [str(clip % 8) for clip in range(clips)]
    for _ in range(2000):
        common = random.normal(size=8)[np.arange(clips) % 8]
        values = np.sqrt(1 - share_of_action) * random.normal(size=clips) + np.sqrt(share_of_action) * common
        missed += mean_gain(values, {"action": actions}).bound(0.05) > 0
    assert 0.03 < missed / 2000 < 0.075


def test_the_same_grouping_twice_counts_once() -> None:
    values, groups = np.random.default_rng(0).normal(size=8), ["a", "a", "b", "b", "c", "c", "d", "d"]
    renamed = [f"product of {group}" for group in groups]
    assert mean_gain(values, {"person": groups}) == mean_gain(values, {"person": groups, "product": renamed})


def test_equal_gains_are_sure_and_no_gain_is_none() -> None:
    same = mean_gain([0.5] * 4, {})
    assert (same.bound(0.01), same.p_value(), same.chance_to_see(0.5, 0.05)) == (0.5, 0.0, 1.0)
    assert mean_gain([0.0] * 4, {}).p_value() == 1.0


def test_one_clip_has_no_interval() -> None:
    with pytest.raises(ValueError, match="two clips or more"):
        mean_gain([1.0], {})


def test_holm_rejects_step_by_step() -> None:
    assert holm({"a": 0.01, "b": 0.02, "c": 0.04}, 0.05) == {"a", "b", "c"}
    assert holm({"a": 0.01, "b": 0.03, "c": 0.04}, 0.05) == {"a"}
    assert holm({"a": 0.02, "b": 0.03, "c": 0.04}, 0.05) == set()
    assert holm({}, 0.05) == set()


def test_the_chance_to_see_a_gain_is_how_often_it_is_seen() -> None:
    random, seen = np.random.default_rng(2), 0
    for _ in range(4000):
        gain = mean_gain(random.normal(0.5, 1, 30), {})
        seen += gain.bound(0.05) > 0 and gain.mean >= 0.3
    expected = MeanGain(0.0, 1 / np.sqrt(30), 29, 30).chance_to_see(0.5, 0.05, 0.3)
    assert seen / 4000 == pytest.approx(expected, abs=0.03)
