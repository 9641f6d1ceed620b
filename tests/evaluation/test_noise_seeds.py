"""A model's number over several noise seeds: means clip by clip, what is derived from them, and their spread."""

import numpy as np
import pytest

from evaluation.catalogue import measured
from evaluation.measure import measure
from evaluation.measuring.clip import MeasuredClip
from evaluation.noise_seeds import noise_floor, over_seeds

PSNR = "psnr_db"


def _frames(noise: float, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.clip(128 + noise * random.normal(size=(5, 16, 16, 3)), 0, 255).astype(np.uint8)


def test_a_number_is_the_mean_of_its_seeds_clip_by_clip() -> None:
    truth = np.full((5, 16, 16, 3), 128, np.uint8)
    clips = [MeasuredClip(name, truth=truth) for name in ("a", "b")]
    seeds = [{"a": _frames(10, seed), "b": _frames(30, seed)} for seed in range(3)]
    alone = [measure(clips, {"model": frames})[PSNR] for frames in seeds]
    together = over_seeds([measure(clips, {"model": frames}) for frames in seeds])[PSNR]
    assert together.per_seed["a"] == [one.per_clip["a"] for one in alone]
    assert together.per_clip["b"] == pytest.approx(np.mean([one.per_clip["b"] for one in alone]))
    assert together.value == pytest.approx(np.mean([one.value for one in alone if one.value is not None]))
    assert together.noise_floor == noise_floor(together.per_seed)


def test_what_is_derived_is_derived_from_the_means() -> None:
    hand, ratio = "hand_error_px_embedded_locator", "hand_error_ratio_to_repeat"
    still = measured(f"{hand}_baseline", {"a": 20.0})
    seeds = [{hand: measured(hand, {"a": value})} for value in (4.0, 6.0)]
    empty = measure([], {"model": {}})
    together = over_seeds([{**empty, **seeds[0], still.name: still}, {**empty, **seeds[1]}])
    assert (together[hand].value, together[ratio].value) == (5.0, 0.25)


def test_a_video_without_a_value_is_counted_and_left_out() -> None:
    empty = measure([], {"model": {}})
    values = [{"a": 20.0, "b": 22.0}, {"a": 24.0}]
    together = over_seeds([{**empty, PSNR: measured(PSNR, of_seed)} for of_seed in values])[PSNR]
    assert together.per_seed == {"a": [20.0, 24.0], "b": [22.0, None]}
    assert together.per_clip == {"a": 22.0, "b": 22.0}
    assert "1 of 4 videos have no value" in together.note


def test_a_clip_that_no_seed_has_a_value_on_is_named() -> None:
    empty = measure([], {"model": {}})
    seeds = [{**empty, PSNR: measured(PSNR, {"a": value, "b": np.nan})} for value in (20.0, 24.0)]
    together = over_seeds(seeds)[PSNR]
    assert together.per_clip == {"a": 22.0}
    assert together.failures.keys() == {"b"}


def test_the_noise_floor_is_how_far_a_mean_strays_with_its_seeds() -> None:
    random = np.random.default_rng(0)
    difficulty, spread = random.normal(0, 10, 8), 2.0
    means = [float((difficulty[:, None] + spread * random.normal(size=(8, 4))).mean()) for _ in range(3000)]
    per_seed = {str(clip): list(difficulty[clip] + spread * random.normal(size=400)) for clip in range(8)}
    of_four = {clip: values[:4] for clip, values in per_seed.items()}
    assert np.std(means) == pytest.approx(spread / np.sqrt(32), rel=0.1)
    floor = noise_floor(of_four)
    assert floor is not None
    assert floor == pytest.approx(np.std(means), rel=0.4)
    assert noise_floor({"a": [1.0], "b": [3.0]}) is None
