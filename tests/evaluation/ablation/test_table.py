"""Intervals over seeds and clips hold what they promise, and a verdict follows the metric's direction."""

import csv
import io

import numpy as np
import pytest

from evaluation.ablation.contracts import ArmResult
from evaluation.ablation.table import COVERAGE, as_csv, cells_of, over_seeds_and_clips
from evaluation.catalogue import measured, not_measured
from evaluation.contracts import ClipGroups, Metric
from model.contracts import Ablation

HIGHER, LOWER = "psnr_db", "hand_error_px_all_frames"


def result(arm: Ablation, seed: int, values: list[float], name: str = HIGHER) -> ArmResult:
    metric = measured(name, {f"clip_{number}": value for number, value in enumerate(values)})
    return ArmResult(arm=arm, seed=seed, folder="f", weights_sha256="w", metrics={name: metric}, clips={}, losses={})


def two_arms(gain: float, name: str = HIGHER) -> list[ArmResult]:
    clips = [20.0, 25.0, 30.0, 22.0]
    shifted = [value + gain + 0.01 * number for number, value in enumerate(clips)]
    seeds = [(0, 0.0), (1, 0.02), (2, -0.02)]
    full = [result("full", seed, [value + by for value in clips], name) for seed, by in seeds]
    return [*full, *(result("no_moe", seed, [value + 2 * by for value in shifted], name) for seed, by in seeds)]


@pytest.mark.parametrize(
    ("gain", "name", "verdict"),
    [
        (1.0, HIGHER, "better"),
        (-1.0, HIGHER, "worse"),
        (1.0, LOWER, "worse"),
        (-1.0, LOWER, "better"),
        (-0.01, HIGHER, "not told apart"),
    ],
)
def test_a_verdict_follows_the_direction(gain: float, name: str, verdict: str) -> None:
    cells, without = cells_of(two_arms(gain, name), [name])
    assert without == {}
    assert [(cell.arm, cell.verdict) for cell in cells] == [("full", ""), ("no_moe", verdict)]


def test_pairing_removes_what_clips_have_of_their_own() -> None:
    full, without_moe = cells_of(two_arms(1.0), [HIGHER])[0]
    assert without_moe.difference is not None
    assert without_moe.difference.standard_error < 0.1 * full.value.standard_error


def test_only_pairs_that_both_have_are_compared() -> None:
    results = two_arms(1.0)
    results[3] = result("no_moe", 0, [21.0, 26.0])  # two of the four clips
    cells, _ = cells_of(results, [HIGHER])
    assert cells[1].difference is not None
    assert cells[1].difference.clips == 10


def test_what_was_not_measured_is_named_with_its_reason() -> None:
    results = two_arms(1.0)
    nothing: dict[str, Metric] = {HIGHER: not_measured(HIGHER, "no clip")}
    results[3:] = [one.model_copy(update={"metrics": nothing}) for one in results[3:]]
    cells, without = cells_of(results, [HIGHER])
    assert [cell.arm for cell in cells] == ["full"]
    assert without == {f"{HIGHER}, without MoE": "no clip"}


def test_the_csv_has_a_row_an_arm_and_a_metric() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(cells_of(two_arms(1.0), [HIGHER])[0]))))
    assert [row["arm"] for row in rows] == ["full", "no_moe"]
    assert rows[0]["difference_to_full"] == ""
    assert float(rows[1]["difference_low"]) < float(rows[1]["difference_to_full"]) < float(rows[1]["difference_high"])


@pytest.mark.parametrize(("of_seeds", "of_clips"), [(1.0, 0.0), (0.0, 1.0), (0.5, 1.0), (0.0, 0.0)])
def test_the_interval_holds_the_true_mean_as_often_as_it_says(of_seeds: float, of_clips: float) -> None:
    """Three seeds and 16 clips of four persons, drawn 600 times."""
    random, seeds, clips, draws = np.random.default_rng(0), 3, 16, 600
    groups = {f"c{i}": ClipGroups(groups={"person": f"p{i % 4}"}, seen=[]) for i in range(clips)}
    held = 0
    for _ in range(draws):
        a, b = of_seeds * random.normal(size=(seeds, 1)), of_clips * random.normal(size=(1, clips))
        y = a + b + 0.5 * random.normal(size=(seeds, clips))
        gain = over_seeds_and_clips({(s, f"c{c}"): y[s, c] for s in range(seeds) for c in range(clips)}, groups)
        low, high = gain.interval(COVERAGE)
        held += low <= 0 <= high
    assert held / draws >= 0.925


def test_the_interval_is_not_endless() -> None:
    random, seen, draws = np.random.default_rng(1), 0, 200
    for _ in range(draws):
        y = 2.0 + 0.3 * random.normal(size=(3, 1)) + 0.5 * random.normal(size=(3, 16))
        gain = over_seeds_and_clips({(s, f"c{c}"): y[s, c] for s in range(3) for c in range(16)}, {})
        seen += gain.interval(COVERAGE)[0] > 0
    assert seen / draws > 0.9
