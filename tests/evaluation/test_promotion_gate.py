"""The gate: floors, regressions, improvement, and every way of failing closed."""

import subprocess
import sys

import pytest

from evaluation.catalogue import measured, not_measured
from evaluation.contracts import EvaluationReport, GateConfig, GateRule, Metric
from evaluation.promotion_gate import decide

HAND = "hand_error_px_embedded_locator"
MOUTH = "mouth_audio_correlation"
GATE = GateConfig(
    rules=[
        GateRule(metric=HAND, floor=8.0, allowed_regression=0.5),
        GateRule(metric=MOUTH, floor=0.3, allowed_regression=0.05),
    ],
    must_improve=HAND,
)


def _metric(name: str, base: float) -> Metric:
    return measured(name, {f"clip_{i}": base + i / 100 for i in range(16)})


def _report(hand: float = 5.0, mouth: float = 0.5, exam: str = "exam", artifact: str = "new") -> EvaluationReport:
    metrics = [_metric(HAND, hand), _metric(MOUTH, mouth)]
    return EvaluationReport(
        artifact_digest=artifact,
        exam_digest=exam,
        metrics={metric.name: metric for metric in metrics},
        report_html="",
        contact_sheet="",
        folder="",
    )


def _without(report: EvaluationReport, metric: str) -> EvaluationReport:
    return report.model_copy(update={"metrics": {k: v for k, v in report.metrics.items() if k != metric}})


def test_first_model_needs_only_the_floors() -> None:
    decision = decide(_report(), None, GATE)
    assert decision.passed
    assert decision.champion_digest is None
    assert any("no champion yet" in reason.message for reason in decision.reasons)


def test_below_a_floor_is_refused_with_the_numbers() -> None:
    decision = decide(_report(hand=12.0), None, GATE)
    assert not decision.passed
    refused = [reason for reason in decision.reasons if not reason.passed]
    assert len(refused) == 1
    assert "12.1 px" in refused[0].message
    assert "at most 8" in refused[0].message


def test_floor_of_a_higher_is_better_metric() -> None:
    assert not decide(_report(mouth=0.1), None, GATE).passed


def test_better_challenger_passes() -> None:
    decision = decide(_report(hand=4.0), _report(artifact="old"), GATE)
    assert decision.passed
    assert decision.champion_digest == "old"


def test_identical_models_are_not_better_than_each_other() -> None:
    decision = decide(_report(), _report(), GATE)
    assert not decision.passed
    assert [reason.rule for reason in decision.reasons if not reason.passed] == [f"{HAND} must improve"]


def test_regression_beyond_what_is_allowed_is_refused() -> None:
    decision = decide(_report(hand=4.0, mouth=0.4), _report(mouth=0.6), GATE)
    assert [reason.rule for reason in decision.reasons if not reason.passed] == [f"{MOUTH} against the champion"]
    assert decide(_report(hand=4.0, mouth=0.57), _report(mouth=0.6), GATE).passed


@pytest.mark.parametrize("absent_from", ["challenger", "champion"])
def test_missing_metric_refuses(absent_from: str) -> None:
    new, old = _report(hand=4.0), _report()
    new = _without(new, MOUTH) if absent_from == "challenger" else new
    old = _without(old, MOUTH) if absent_from == "champion" else old
    decision = decide(new, old, GATE)
    assert not decision.passed
    assert any("missing from the report" in reason.message for reason in decision.reasons if not reason.passed)


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_metric_without_a_value_refuses(value: float | None) -> None:
    report = _report()
    broken = report.metrics[MOUTH].model_copy(update={"value": value})
    decision = decide(report.model_copy(update={"metrics": {**report.metrics, MOUTH: broken}}), None, GATE)
    assert not decision.passed


def test_reason_of_a_missing_value_is_passed_on() -> None:
    report = _report()
    broken = not_measured(MOUTH, "no clip has a face box")
    decision = decide(report.model_copy(update={"metrics": {**report.metrics, MOUTH: broken}}), None, GATE)
    assert any("no clip has a face box" in reason.message for reason in decision.reasons)


def test_other_exam_refuses_and_says_what_to_do() -> None:
    decision = decide(_report(hand=1.0), _report(exam="another"), GATE)
    assert not decision.passed
    assert any("evaluate the champion again" in reason.message for reason in decision.reasons)


def test_improvement_needs_the_same_clips() -> None:
    old = _report()
    fewer = measured(HAND, {"clip_0": 9.0})
    old = old.model_copy(update={"metrics": {**old.metrics, HAND: fewer}})
    assert not decide(_report(hand=1.0), old, GATE).passed


def test_gain_on_few_clips_is_not_enough() -> None:
    old = _report()
    values = {clip: value + (0.4 if int(clip[5:]) % 2 else -0.41) for clip, value in old.metrics[HAND].per_clip.items()}
    new = old.model_copy(update={"metrics": {**old.metrics, HAND: measured(HAND, values)}})
    decision = decide(new, old, GATE)
    assert [reason.rule for reason in decision.reasons if not reason.passed] == [f"{HAND} must improve"]


def test_misspelt_metric_is_an_error_that_names_the_nearest() -> None:
    gate = GateConfig(rules=[GateRule(metric="mouth_audio_corelation", floor=0.3)], must_improve=None)
    with pytest.raises(ValueError, match="did you mean 'mouth_audio_correlation'"):
        decide(_report(), None, gate)


@pytest.mark.parametrize("rules", [[], [{"metric": MOUTH}], [{"metric": MOUTH, "floor": 1}] * 2])
def test_gate_that_asks_nothing_or_twice_is_an_error(rules: list[dict[str, object]]) -> None:
    with pytest.raises(ValueError, match=r"gate|stands there twice"):
        GateConfig.model_validate({"rules": rules, "must_improve": None})


def test_gate_imports_no_torch() -> None:
    code = "import sys, evaluation.promotion_gate; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
