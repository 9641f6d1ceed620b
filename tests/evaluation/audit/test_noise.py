"""The audit counts: noise promotes seldom, large effects are seen, worse models are refused; by the configured gate."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from evaluation.audit import noise
from evaluation.audit._resampled_gates import MeasuredValues, measured_values, two_models, without_floors
from evaluation.audit.noise import CASES, HAND, MOUTH, PRODUCT, Draws, promotion_rate
from evaluation.catalogue import measured, not_measured
from evaluation.contracts import ClipGroups, EvaluationReport, GateConfig, Metric

CLIPS, SEEDS = 16, 16
X0 = "x0_error_rgb_ratio_to_repeat"
CONFIGURED = GateConfig.model_validate(
    yaml.safe_load((Path(__file__).parents[3] / "conf/gate/default.yaml").read_text())
)
# the drawn model has no pictures: margins on metrics over all frames are audited on a real one
DRAWN = [rule for rule in CONFIGURED.rules if rule.metric in (HAND, MOUTH, PRODUCT, X0)]
GATE = CONFIGURED.model_copy(update={"rules": DRAWN})
QUIET = Draws(60, 0)


def _metric(name: str, values: np.ndarray) -> Metric:
    per_seed: dict[str, list[float | None]] = {f"c{clip:02d}": list(map(float, row)) for clip, row in enumerate(values)}
    metric = measured(name, {clip: float(np.mean(values[place])) for place, clip in enumerate(per_seed)})
    return metric.model_copy(update={"per_seed": per_seed})


@pytest.fixture(scope="module")
def report() -> EvaluationReport:
    """A model whose hand error strays by 4 % with the seed, and which finds half of the products."""
    random = np.random.default_rng(0)
    level = 2.5 * np.exp(0.4 * random.normal(size=(CLIPS, 1)))
    values = {
        HAND: level * np.exp(0.04 * random.normal(size=(CLIPS, SEEDS))),
        MOUTH: 0.87 + 0.05 * random.normal(size=(CLIPS, 1)) + 0.01 * random.normal(size=(CLIPS, SEEDS)),
        PRODUCT: np.repeat(np.arange(CLIPS)[:, None] % 2 == 0, SEEDS, axis=1).astype(float),
        X0: np.repeat(0.26 + 0.03 * random.normal(size=(CLIPS, 1)), SEEDS, axis=1),
    }
    return EvaluationReport(
        artifact_digest="a",
        exam_digest="e",
        clips={f"c{clip:02d}": ClipGroups(groups={"action": str(clip % 8)}, seen=[]) for clip in range(CLIPS)},
        metrics={name: _metric(name, of_metric) for name, of_metric in values.items()},
        report_html="",
        contact_sheet="",
        folder="",
    )


@pytest.fixture(scope="module")
def bank(report: EvaluationReport) -> MeasuredValues:
    return measured_values(report, GATE)


@pytest.mark.parametrize("case", [case for case in CASES if case.share], ids=lambda case: case.name)
def test_the_gate_keeps_what_it_promises_on_a_quiet_model(bank: MeasuredValues, case: noise.Case) -> None:
    """The small version of the audit: 16 clips x 4 seeds, 60 gates a case."""
    rate = promotion_rate(bank, (16, 4), case, QUIET, without_floors(GATE))
    assert (rate if case.promoted else 1 - rate) >= case.share - 0.07  # of 60 gates


def test_the_comparison_before_it_promoted_noise(bank: MeasuredValues) -> None:
    identical, deaf = CASES[0], next(case for case in CASES if case.name == "hands 10 % better, mouth 0.04 less")
    draws = Draws(400, 0)
    assert 0.06 < promotion_rate(bank, (16, 1), identical, draws, None) < 0.16
    assert promotion_rate(bank, (16, 1), deaf, Draws(60, 0), None) > 0.5


def test_two_models_never_share_a_video(bank: MeasuredValues) -> None:
    unique = {name: np.arange(CLIPS * SEEDS, dtype=float).reshape(CLIPS, SEEDS) for name in bank.values}
    numbered = MeasuredValues(bank.metrics, unique, bank.actions)
    new, old = two_models(numbered, 4, 1, np.random.default_rng(0), {})
    assert not set(new.metrics[HAND].per_clip.values()) & set(old.metrics[HAND].per_clip.values())
    assert [value // SEEDS for value in new.metrics[HAND].per_clip.values()] == [0, 1, 2, 3]


def test_clips_that_are_drawn_again_do_the_same_action_for_other_people(bank: MeasuredValues) -> None:
    new, _ = two_models(bank, 40, 2, np.random.default_rng(0), {})
    groups = [clip.groups for clip in new.clips.values()]
    assert len({of_clip["person"] for of_clip in groups}) == 40
    assert {of_clip["action"] for of_clip in groups} == {str(action) for action in range(8)}


def test_more_seeds_than_were_measured_are_an_error(bank: MeasuredValues) -> None:
    with pytest.raises(ValueError, match="two models with 9 seeds a clip need 18, and 16 were measured"):
        promotion_rate(bank, (16, 9), CASES[0], QUIET, without_floors(GATE))


def test_a_model_that_cannot_be_measured_is_not_audited_with(report: EvaluationReport) -> None:
    broken = report.model_copy(update={"metrics": {**report.metrics, MOUTH: not_measured(MOUTH, "no sound")}})
    with pytest.raises(ValueError, match=r"mouth_audio_correlation has not a value for every noise seed \(no sound\)"):
        measured_values(broken, GATE)


def test_a_clip_on_which_nothing_can_be_measured_counts_in_no_gate(report: EvaluationReport) -> None:
    late = report.metrics[MOUTH]
    without = late.model_copy(update={"per_seed": {clip: row for clip, row in late.per_seed.items() if clip != "c03"}})
    bank = measured_values(report.model_copy(update={"metrics": {**report.metrics, MOUTH: without}}), GATE)
    new, _ = two_models(bank, CLIPS, 4, np.random.default_rng(0), {})
    assert len(new.metrics[MOUTH].per_clip) == CLIPS - 1
    assert len(new.metrics[HAND].per_clip) == CLIPS
    assert promotion_rate(bank, (CLIPS, 4), CASES[3], Draws(10, 0), without_floors(GATE)) > 0.5


def test_planted_effects_are_of_the_size_they_say(bank: MeasuredValues) -> None:
    random = np.random.default_rng(0)
    half = np.repeat([[0.0], [1.0]], 4000, axis=1)
    assert noise.found(0.94)(half, random).mean() == pytest.approx(0.94, abs=0.01)
    assert noise.times(0.9)(bank.values[HAND], random).mean() == pytest.approx(0.9 * bank.values[HAND].mean())
    assert noise.plus(-0.04)(bank.values[MOUTH], random).mean() == pytest.approx(bank.values[MOUTH].mean() - 0.04)
