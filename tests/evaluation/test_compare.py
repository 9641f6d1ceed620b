"""Comparison with the champion: same exam only, paired by clip, no model better than itself."""

import numpy as np
import pytest

from evaluation.catalogue import measured, single_number
from evaluation.compare import compare_metric, require_same_exam
from evaluation.contracts import ClipGroups, EvaluationReport

PSNR = "psnr_db"
HAND = "hand_error_px_embedded_locator"


def _report(values: dict[str, float], name: str = PSNR, exam: str = "one", actions: int = 0) -> EvaluationReport:
    groups = {
        clip: ClipGroups(groups={"action": f"action {place % actions}"}, seen=["action"])
        for place, clip in enumerate(values)
        if actions
    }
    return EvaluationReport(
        artifact_digest="a",
        exam_digest=exam,
        exam="sealed",
        clips=groups,
        metrics={name: measured(name, values)},
        report_html="",
        contact_sheet="",
        folder="",
    )


def _clips(values: np.ndarray) -> dict[str, float]:
    return {f"clip_{place:02d}": float(value) for place, value in enumerate(values)}


def test_other_exam_is_refused() -> None:
    with pytest.raises(ValueError, match="evaluate the champion again"):
        require_same_exam(_report({"a": 1.0}), _report({"a": 1.0}, exam="two"))


def test_another_precision_is_refused_and_the_fix_is_named() -> None:
    report = _report({"a": 1.0})
    rounded = report.model_copy(update={"precision": "bf16"})
    require_same_exam(rounded, rounded)
    with pytest.raises(ValueError, match=r"judged in bf16, champion a in fp32: export .* sampling\.precision=fp32"):
        require_same_exam(rounded, report)


def test_identical_models_are_never_better() -> None:
    report = _report(_clips(np.arange(16)))
    gain = compare_metric(report, report, PSNR).gain
    assert (gain.mean, gain.bound(0.05), gain.p_value()) == (0, 0, 1)


def test_direction_decides_what_a_gain_is() -> None:
    low, high = _clips(np.arange(16) / 10), _clips(np.arange(16) / 10 + 1)
    assert compare_metric(_report(low), _report(high), PSNR).gain.mean == pytest.approx(-1)
    assert compare_metric(_report(low, HAND), _report(high, HAND), HAND).gain.mean == pytest.approx(1)


def test_pairing_sees_a_small_gain_behind_a_large_spread() -> None:
    random = np.random.default_rng(0)
    spread = random.normal(0, 10, 16)
    old, new = _clips(spread), _clips(spread + 0.5 + random.normal(0, 0.1, 16))
    assert compare_metric(_report(new), _report(old), PSNR).gain.bound(0.05) > 0.4


def test_a_gain_of_some_actions_only_is_less_sure_than_its_clips_say() -> None:
    gains = np.array([1.0, 1.0, 0.0, 0.0] * 8) + np.random.default_rng(0).normal(0, 0.05, 32)
    old, new = _clips(np.zeros(32)), _clips(gains)
    alone = compare_metric(_report(new), _report(old), PSNR).gain
    grouped = compare_metric(_report(new, actions=4), _report(old, actions=4), PSNR).gain
    assert alone.bound(0.05) > 0
    assert grouped.mean == alone.mean
    assert grouped.bound(0.05) < 0


def test_one_clip_or_one_number_cannot_be_compared() -> None:
    one = _report({"a": 1.0})
    with pytest.raises(ValueError, match="an interval needs two clips"):
        compare_metric(one, one, PSNR)
    ratio = "hand_error_ratio_to_repeat"
    number = one.model_copy(update={"metrics": {ratio: single_number(ratio, 0.5)}})
    with pytest.raises(ValueError, match="no values on the same clips"):
        compare_metric(number, number, ratio)
