"""Effects in units of a metric's own noise, and the damage that is planted."""

import numpy as np
import pytest

from benchmarks.video_damage import blurred, flicker, noisy
from benchmarks.video_proxies import effects, noise, noticed
from evaluation.measuring.kinds import VideoMetric, roles

CLEAN = {"a_0": 1.0, "a_1": 1.2, "b_0": 5.0, "b_1": 5.2}  # videos differ far more than the stretches of one


def metric(direction: str) -> VideoMetric:
    return VideoMetric(title="t", unit="u", direction=direction, version=1, backend="b", series="s", roles=roles("m"))  # type: ignore[arg-type]


def test_noise_is_within_a_video() -> None:
    assert noise(CLEAN) == pytest.approx(0.1 * np.sqrt(2))


def test_an_effect_is_positive_where_damage_makes_it_worse() -> None:
    lower = {name: value - 0.5 for name, value in CLEAN.items()}
    worse = effects(metric("higher_is_better"), {"clean": CLEAN, "blurred": lower})["blurred"]
    assert worse == {"effect": pytest.approx(0.5 / noise(CLEAN)), "right": 1.0, "pairs": 4}
    assert noticed(worse)
    assert effects(metric("lower_is_better"), {"clean": CLEAN, "x": lower})["x"]["right"] == 0.0


def test_what_moves_by_less_than_its_noise_or_not_every_time_is_not_noticed() -> None:
    little = {name: value - 0.1 for name, value in CLEAN.items()}
    assert not noticed(effects(metric("higher_is_better"), {"clean": CLEAN, "x": little})["x"])
    assert not noticed({"effect": 5.0, "right": 0.75, "pairs": 4})


def test_pairs_that_are_missing_are_left_out() -> None:
    found = effects(metric("higher_is_better"), {"clean": CLEAN, "x": {"a_0": 0.0}, "y": {}})
    assert found["x"]["pairs"] == 1
    assert "y" not in found


def test_the_damage_that_is_planted() -> None:
    ground = np.tile(np.arange(0, 240, 4, dtype=np.uint8), (40, 1))
    frames = np.repeat(ground[None, :, :, None], 3, axis=0).repeat(3, axis=3)
    assert np.abs(noisy(frames).astype(float) - frames)[:, :, 10:50].mean() == pytest.approx(12 * 0.8, rel=0.1)
    assert np.ptp(flicker(frames).mean(axis=(1, 2, 3))) > 2
    checker = (np.indices((40, 60)).sum(axis=0) % 2 * 255).astype(np.uint8)
    assert blurred(checker[None, :, :, None].repeat(3, axis=3)).std() < 5
