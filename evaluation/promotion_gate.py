"""Should this challenger become champion? Rules are data, every rule gives a reason in plain words with its numbers.

Pure: it reads two reports, touches no file and imports neither torch nor an outside tool, so it runs anywhere and every
case is tested. It fails closed: a metric that is missing, not finite or not comparable refuses.
"""

import math

from evaluation.catalogue import require_metrics
from evaluation.compare import paired_bootstrap, require_same_exam
from evaluation.contracts import VARIANTS, Decision, EvaluationReport, GateConfig, GateRule, Metric, Reason


def decide(challenger: EvaluationReport, champion: EvaluationReport | None, gate: GateConfig) -> Decision:
    """Apply every rule. Without a champion only the floors count.

    Raises:
        ValueError: a rule names a metric that does not exist (names the nearest).
    """
    named = [rule.metric for rule in gate.rules] + ([gate.must_improve] if gate.must_improve else [])
    require_metrics(named, VARIANTS)
    reasons = [_floor_reason(challenger, rule) for rule in gate.rules if rule.floor is not None]
    if champion is None:
        reasons.append(Reason(rule="champion", passed=True, message="there is no champion yet: only the floors count"))
    else:
        reasons.extend(_champion_reasons(challenger, champion, gate))
    return Decision(
        passed=all(reason.passed for reason in reasons),
        reasons=reasons,
        challenger_digest=challenger.artifact_digest,
        champion_digest=champion.artifact_digest if champion else None,
        exam_digest=challenger.exam_digest,
    )


def _champion_reasons(challenger: EvaluationReport, champion: EvaluationReport, gate: GateConfig) -> list[Reason]:
    try:
        require_same_exam(challenger, champion)
    except ValueError as error:
        return [Reason(rule="same exam", passed=False, message=str(error))]
    reasons = [
        _regression_reason(challenger, champion, rule) for rule in gate.rules if rule.allowed_regression is not None
    ]
    return reasons + ([_improvement_reason(challenger, champion, gate)] if gate.must_improve else [])


def _floor_reason(challenger: EvaluationReport, rule: GateRule) -> Reason:
    name = f"{rule.metric} floor"
    metric = _usable(challenger, rule.metric)
    if isinstance(metric, str):
        return Reason(rule=name, passed=False, message=metric)
    value, floor = _value(metric), rule.floor
    assert floor is not None
    higher = metric.direction == "higher_is_better"
    passed = value >= floor if higher else value <= floor
    required = f"{'at least' if higher else 'at most'} {_number(floor)}"
    message = f"{rule.metric} is {_quantity(value, metric)}, {required} is required"
    return Reason(rule=name, passed=passed, message=message)


def _regression_reason(challenger: EvaluationReport, champion: EvaluationReport, rule: GateRule) -> Reason:
    name = f"{rule.metric} against the champion"
    pair = _usable_pair(challenger, champion, rule.metric)
    if isinstance(pair, str):
        return Reason(rule=name, passed=False, message=pair)
    new, old = pair
    allowed = rule.allowed_regression
    assert allowed is not None
    sign = 1 if new.direction == "higher_is_better" else -1
    gain = sign * (_value(new) - _value(old))
    passed = gain >= -allowed
    change = "the same" if gain == 0 else f"{_quantity(abs(gain), new)} {'better' if gain > 0 else 'worse'}"
    message = (
        f"{rule.metric} is {_number(_value(new))}, the champion's {_number(_value(old))}: {change}, "
        f"{'within' if passed else 'beyond'} the {_number(allowed)} it may lose"
    )
    return Reason(rule=name, passed=passed, message=message)


def _improvement_reason(challenger: EvaluationReport, champion: EvaluationReport, gate: GateConfig) -> Reason:
    metric = gate.must_improve
    assert metric is not None
    name = f"{metric} must improve"
    pair = _usable_pair(challenger, champion, metric)
    if not isinstance(pair, str) and (pair[0].per_clip.keys() != pair[1].per_clip.keys() or not pair[0].per_clip):
        pair = f"{metric} has no values on the same clips for both models: it cannot be compared clip by clip"
    if isinstance(pair, str):
        return Reason(rule=name, passed=False, message=pair)
    new, old = pair
    difference = paired_bootstrap(new.per_clip, old.per_clip, new.direction, gate.bootstrap_samples)
    low, high = difference.gain_interval
    message = (
        f"{metric} gains {_quantity(difference.mean_gain, new)} on {difference.clips} clips "
        f"(90 % interval {_number(low)} to {_number(high)}); it is better in "
        f"{difference.probability_better:.0%} of resamples, {gate.confidence:.0%} are required"
    )
    passed = difference.mean_gain > 0 and difference.probability_better >= gate.confidence
    return Reason(rule=name, passed=passed, message=message)


def _usable_pair(challenger: EvaluationReport, champion: EvaluationReport, name: str) -> tuple[Metric, Metric] | str:
    """Both models' metric, or why they cannot be compared."""
    new, old = _usable(challenger, name), _usable(champion, name)
    if isinstance(new, str):
        return new
    return f"the champion's {old}" if isinstance(old, str) else (new, old)


def _usable(report: EvaluationReport, name: str) -> Metric | str:
    """The metric, or why it cannot be used."""
    metric = report.metrics.get(name)
    if metric is None:
        return f"{name} is missing from the report"
    if metric.value is None or not math.isfinite(metric.value):
        return f"{name} has no value{f' ({metric.note})' if metric.note else ''}"
    return metric


def _value(metric: Metric) -> float:
    assert metric.value is not None
    return metric.value


def _quantity(value: float, metric: Metric) -> str:
    return f"{_number(value)} {metric.unit}" if metric.unit in ("px", "dB") else _number(value)


def _number(value: float) -> str:
    return f"{value:.3g}" if value else "0"
