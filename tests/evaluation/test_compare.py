"""Comparison with the champion: same exam only, paired by clip, no model better than itself."""

import numpy as np
import pytest

from evaluation.compare import paired_bootstrap, require_same_exam
from evaluation.contracts import EvaluationReport


def _report(exam: str) -> EvaluationReport:
    return EvaluationReport(
        artifact_digest="a", exam_digest=exam, metrics={}, report_html="", contact_sheet="", folder=""
    )


def test_other_exam_is_refused() -> None:
    with pytest.raises(ValueError, match="evaluate the champion again"):
        require_same_exam(_report("one"), _report("two"))


def test_identical_models_are_never_better() -> None:
    values = {str(i): float(i) for i in range(16)}
    found = paired_bootstrap(values, dict(values), "higher_is_better", 500)
    assert found.mean_gain == 0
    assert found.probability_better == 0


def test_direction_decides_what_a_gain_is() -> None:
    low, high = {str(i): i / 10 for i in range(16)}, {str(i): i / 10 + 1 for i in range(16)}
    assert paired_bootstrap(low, high, "lower_is_better", 200).probability_better == 1
    assert paired_bootstrap(low, high, "higher_is_better", 200).probability_better == 0


def test_pairing_sees_a_small_gain_behind_a_large_spread() -> None:
    spread = np.random.default_rng(0).normal(0, 10, 16)
    old = {str(i): float(value) for i, value in enumerate(spread)}
    new = {clip: value - 0.5 for clip, value in old.items()}
    found = paired_bootstrap(new, old, "lower_is_better", 500)
    assert found.probability_better == 1
    assert found.mean_gain == pytest.approx(0.5)


def test_a_gain_on_half_the_clips_is_uncertain_and_deterministic() -> None:
    old = {str(i): 0.0 for i in range(16)}
    new = {str(i): 1.0 if i % 2 else -1.0 for i in range(16)}
    found = paired_bootstrap(new, old, "higher_is_better", 2000)
    assert 0.3 < found.probability_better < 0.7
    assert found == paired_bootstrap(new, old, "higher_is_better", 2000)


def test_no_common_clip_is_an_error() -> None:
    with pytest.raises(ValueError, match="share no clip"):
        paired_bootstrap({"a": 1.0}, {"b": 1.0}, "higher_is_better", 10)
