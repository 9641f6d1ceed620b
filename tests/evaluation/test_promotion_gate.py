"""The gate: floors on both exams, margins, improvements, and every way of failing closed."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from evaluation.catalogue import measured, not_measured, single_number
from evaluation.contracts import Amount, EvaluationReport, GateConfig, GateRule, Improvement, Metric
from evaluation.promotion_gate import decide

HAND = "hand_error_px_embedded_locator"
MOUTH = "mouth_audio_correlation"
PRODUCT = "product_retrieval_top1_colour_layout"
GATE = GateConfig(
    rules=[
        GateRule(metric=HAND, floor=8.0, margin=Amount(size=0.5, kind="units")),
        GateRule(metric=MOUTH, floor=0.3, margin=Amount(size=0.05, kind="units")),
    ],
    improvements=[
        Improvement(metric=HAND, useful=Amount(size=0.02, kind="share"), sought=Amount(size=0.05, kind="share"))
    ],
)


def _metric(name: str, base: float, spread: float = 0.0, seed: int = 0) -> Metric:
    """One value for each of 16 clips, with noise of this standard deviation."""
    noise = np.random.default_rng(seed).normal(0, spread, 16) if spread else np.zeros(16)
    return measured(name, {f"clip_{i}": float(base + i / 100 + noise[i]) for i in range(16)})


def _report(*metrics: Metric, exam: str = "exam", artifact: str = "new", name: Any = "sealed") -> EvaluationReport:
    return EvaluationReport(
        artifact_digest=artifact,
        exam_digest=exam,
        exam=name,
        metrics={metric.name: metric for metric in metrics},
        report_html="",
        contact_sheet="",
        folder="",
    )


def _plain(hand: float = 5.0, mouth: float = 0.5, **more: Any) -> EvaluationReport:
    return _report(_metric(HAND, hand), _metric(MOUTH, mouth), **more)


OPEN = _plain(name="open", exam="open exam")
OLD = _plain(artifact="old")


def _refused(decision: Any) -> list[str]:
    return [reason.rule for reason in decision.reasons if not reason.passed]


def _with(report: EvaluationReport, metric: Metric) -> EvaluationReport:
    return report.model_copy(update={"metrics": {**report.metrics, metric.name: metric}})


def _without(report: EvaluationReport, metric: str) -> EvaluationReport:
    return report.model_copy(update={"metrics": {k: v for k, v in report.metrics.items() if k != metric}})


def test_first_model_needs_only_the_floors() -> None:
    decision = decide(OPEN, _plain(), None, GATE)
    assert decision.passed
    assert decision.champion_digest is None
    assert any("no champion yet" in reason.message for reason in decision.reasons)


def test_below_a_floor_on_the_open_exam_is_refused_with_the_numbers() -> None:
    decision = decide(_plain(hand=12.0, name="open"), None, None, GATE)
    assert _refused(decision) == [f"{HAND} floor, open exam", "sealed exam"]
    messages = [reason.message for reason in decision.reasons if not reason.passed]
    assert "12.1 px on the open exam, at most 8 is required" in messages[0]
    assert "the sealed exam was not held" in messages[1]
    assert decision.sealed_exam_digest is None


def test_who_passed_the_open_exam_is_not_promoted_without_the_sealed_one() -> None:
    decision = decide(OPEN, None, None, GATE)
    assert _refused(decision) == ["sealed exam"]
    assert "nothing is promoted without it" in decision.reasons[-1].message


def test_below_a_floor_on_the_sealed_exam_is_refused() -> None:
    assert _refused(decide(OPEN, _plain(mouth=0.1), None, GATE)) == [f"{MOUTH} floor, sealed exam"]


def test_whether_a_model_listens_is_asked_on_the_open_exam_alone() -> None:
    """The sealed one has no shuffled variants."""
    listens = "hand_error_ratio_prompt_shuffled_to_true"
    gate = GateConfig(rules=[GateRule(metric=listens, floor=1.5)], improvements=[])
    deaf, good = (_with(OPEN, single_number(listens, ratio)) for ratio in (1.0, 5.0))
    assert decide(good, _plain(), None, gate).passed
    assert _refused(decide(deaf, _plain(), None, gate)) == [f"{listens} floor, open exam"]


def test_better_challenger_passes() -> None:
    decision = decide(OPEN, _plain(hand=4.0), OLD, GATE)
    assert decision.passed
    assert (decision.champion_digest, decision.sealed_exam_digest) == ("old", "exam")
    assert "it is better: " in decision.reasons[-1].message


def test_only_the_sealed_exam_compares() -> None:
    """A candidate that was tuned to the open exam until it shone there."""
    assert _refused(decide(_plain(hand=1.0, name="open"), _plain(), OLD, GATE)) == ["an improvement"]


def test_identical_models_are_not_better_than_each_other() -> None:
    assert _refused(decide(OPEN, _plain(), OLD, GATE)) == ["an improvement"]


def test_a_sure_gain_that_is_too_small_to_matter_is_no_improvement() -> None:
    assert decide(OPEN, _plain(hand=4.89), OLD, GATE).passed
    assert _refused(decide(OPEN, _plain(hand=4.95), OLD, GATE)) == ["an improvement"]


def test_a_large_gain_that_is_not_sure_is_no_improvement() -> None:
    unsure = _with(_plain(), _metric(HAND, 4.8, spread=1.0, seed=3))
    decision = decide(OPEN, unsure, OLD, GATE.model_copy(update={"rules": GATE.rules[1:]}))
    assert _refused(decision) == ["an improvement"]
    assert "not sure" in decision.reasons[-1].message


def test_being_worse_by_the_margin_must_be_excluded() -> None:
    """A mean that looks harmless is not enough where its interval reaches beyond the margin."""
    better_hands = _plain(hand=4.0)
    assert decide(OPEN, _with(better_hands, _metric(MOUTH, 0.48, 0.01)), OLD, GATE).passed
    unsure = decide(OPEN, _with(better_hands, _metric(MOUTH, 0.48, 0.15)), OLD, GATE)
    assert _refused(unsure) == [f"{MOUTH} no worse than the champion's"]
    assert "that it is worse by 0.05 is not excluded" in next(r.message for r in unsure.reasons if not r.passed)
    worse = decide(OPEN, _with(better_hands, _metric(MOUTH, 0.4)), OLD, GATE)
    assert _refused(worse) == [f"{MOUTH} no worse than the champion's"]


def test_a_margin_may_be_a_share_of_the_champions_value() -> None:
    gate = GateConfig(rules=[GateRule(metric=HAND, margin=Amount(size=0.1, kind="share"))], improvements=[])
    assert decide(OPEN, _plain(hand=5.4), OLD, gate).passed
    assert not decide(OPEN, _plain(hand=5.6), OLD, gate).passed


def test_any_of_the_named_improvements_is_enough_after_holms_correction() -> None:
    several = [HAND, MOUTH]
    named = [
        Improvement(metric=name, useful=Amount(size=0.01, kind="units"), sought=Amount(size=0.1, kind="units"))
        for name in several
    ]
    gate = GATE.model_copy(update={"improvements": named})
    assert decide(OPEN, _plain(mouth=0.6), OLD, gate).passed
    alone = gate.model_copy(update={"improvements": named[1:]})
    borderline = _with(_plain(), _metric(MOUTH, 0.553, 0.1, seed=21))
    assert decide(OPEN, borderline, OLD, alone).passed, "sure enough were it the only one that is looked at"
    assert _refused(decide(OPEN, borderline, OLD, gate)) == ["an improvement"]


def test_the_decision_says_what_the_exam_can_see() -> None:
    noisy = _with(_plain(), _metric(HAND, 5.0, spread=0.4))
    sight = decide(OPEN, noisy, OLD, GATE).sights[0]
    assert sight.gain == pytest.approx(0.05 * 5.075)
    assert 0.5 < sight.chance < 0.95
    assert f"(5%) in {HAND} would be seen {10 * sight.chance:.1f} times in 10" in sight.message
    assert decide(OPEN, _with(_plain(), _metric(HAND, 5.0, spread=4.0)), OLD, GATE).sights[0].chance < 0.1


@pytest.mark.parametrize("absent_from", ["challenger", "champion"])
def test_missing_metric_refuses(absent_from: str) -> None:
    new = _without(_plain(hand=4.0), MOUTH) if absent_from == "challenger" else _plain(hand=4.0)
    old = _without(OLD, MOUTH) if absent_from == "champion" else OLD
    decision = decide(OPEN, new, old, GATE)
    assert not decision.passed
    assert any("missing from the report" in reason.message for reason in decision.reasons if not reason.passed)


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_metric_without_a_value_refuses(value: float | None) -> None:
    broken = OPEN.metrics[MOUTH].model_copy(update={"value": value})
    assert not decide(_with(OPEN, broken), _plain(), None, GATE).passed


def test_reason_of_a_missing_value_is_passed_on() -> None:
    decision = decide(OPEN, _with(_plain(), not_measured(MOUTH, "no clip has a face box")), None, GATE)
    assert any("no clip has a face box" in reason.message for reason in decision.reasons)


def test_a_model_that_is_measured_on_its_best_videos_only_is_refused() -> None:
    """Where the true clip has a value, the model's video must have one, from every noise seed."""
    good = _metric(MOUTH, 0.9)
    seldom = good.model_copy(update={"per_seed": {"clip_0": [0.9, None]}})
    on_truth = good.per_clip
    hidden = good.model_copy(update={"per_clip": dict(list(good.per_clip.items())[1:])})
    for metric in (seldom, hidden):
        challenger = _with(_with(_plain(), metric), measured(f"{MOUTH}_ceiling", on_truth))
        decision = decide(challenger, challenger, None, GATE)
        assert f"{MOUTH} floor, sealed exam" in _refused(decision)
        assert any("has no value on some videos of clip_0, which can" in reason.message for reason in decision.reasons)
    neither = _with(_with(_plain(), hidden), measured(f"{MOUTH}_ceiling", hidden.per_clip))
    assert decide(neither, neither, None, GATE).passed


def test_other_exam_refuses_and_says_what_to_do() -> None:
    decision = decide(OPEN, _plain(hand=1.0), _plain(exam="another"), GATE)
    assert not decision.passed
    assert any("evaluate the champion again" in reason.message for reason in decision.reasons)


def test_values_on_other_clips_than_the_champions_refuse() -> None:
    """Else a model could leave out the clips that it is bad at."""
    fewer = measured(HAND, {f"clip_{i}": 1.0 for i in range(15)})
    decision = decide(OPEN, _with(_plain(), fewer), OLD, GATE)
    assert f"{HAND} no worse than the champion's" in _refused(decision)
    assert "clip_15: only one has a value" in next(r.message for r in decision.reasons if not r.passed)


def test_misspelt_metric_is_an_error_that_names_the_nearest() -> None:
    gate = GateConfig(rules=[GateRule(metric="mouth_audio_corelation", floor=0.3)], improvements=[])
    with pytest.raises(ValueError, match="did you mean 'mouth_audio_correlation'"):
        decide(OPEN, _plain(), None, gate)


@pytest.mark.parametrize("rules", [[], [{"metric": MOUTH}], [{"metric": MOUTH, "floor": 1}] * 2])
def test_gate_that_asks_nothing_or_twice_is_an_error(rules: list[dict[str, object]]) -> None:
    with pytest.raises(ValueError, match=r"gate|stands there twice"):
        GateConfig.model_validate({"rules": rules, "improvements": []})


def test_gate_imports_no_torch() -> None:
    code = "import sys, evaluation.promotion_gate; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
