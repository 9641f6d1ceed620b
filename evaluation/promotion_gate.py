"""Should this challenger become champion? Rules are data, every rule gives a reason in plain words with its numbers.

Floors are asked on both exams (whether a model listens to its conditions on the open one alone). Against the champion
only the sealed exam counts, on which both were measured in the same run: that a guarded metric is worse by its margin
must be excluded (a one-sided non-inferiority test), and at least one of the pre-named improvements must be sure and
large enough to matter (Holm-corrected). The decision says as well how often a gain of the sought size would be seen.

Pure: it reads reports, touches no file and imports neither torch nor an outside tool, so it runs anywhere and every
case is tested. It fails closed: a metric that is missing, not finite or not comparable refuses.
"""

from collections.abc import Sequence

from evaluation.catalogue import lacking, require_metrics
from evaluation.clustered_interval import holm
from evaluation.compare import Comparison, compare_metric, require_same_exam, usable, value_of
from evaluation.contracts import (
    VARIANTS,
    Decision,
    EvaluationReport,
    GateConfig,
    GateRule,
    Metric,
    Reason,
    Sight,
    Variant,
)


def decide(
    challenger: EvaluationReport,
    sealed: EvaluationReport | None,
    champion: EvaluationReport | None,
    gate: GateConfig,
) -> Decision:
    """Apply every rule. Without a champion only the floors count.

    Args:
        challenger: its report on the open exam.
        sealed: its report on the sealed one; None: it was not held, and nothing passes.
        champion: the champion's report on the same sealed exam; None: there is no champion.
        gate: the rules.

    Raises:
        ValueError: a rule names a metric that does not exist (names the nearest).
    """
    require_metrics(gate.metrics, VARIANTS)
    reasons = floor_reasons(challenger, gate)
    sights: list[Sight] = []
    if sealed is None:
        reasons.append(_not_held(reasons))
    else:
        reasons += floor_reasons(sealed, gate, ["true"])
        against, sights = against_champion(sealed, champion, gate)
        reasons += against
    return Decision(
        passed=all(reason.passed for reason in reasons),
        reasons=reasons,
        sights=sights,
        challenger_digest=challenger.artifact_digest,
        champion_digest=champion.artifact_digest if champion else None,
        exam_digest=challenger.exam_digest,
        sealed_exam_digest=sealed.exam_digest if sealed else None,
    )


def floor_reasons(report: EvaluationReport, gate: GateConfig, variants: Sequence[Variant] = VARIANTS) -> list[Reason]:
    """What the report says to each floor that these variants can answer.

    The sealed exam is held for a model that passes all of them on the open one.
    """
    floors = [rule for rule in gate.rules if rule.floor is not None]
    return [_floor_reason(report, rule) for rule in floors if not lacking(rule.metric, variants)]


def against_champion(
    sealed: EvaluationReport, champion: EvaluationReport | None, gate: GateConfig
) -> tuple[list[Reason], list[Sight]]:
    """Margins and improvements on the sealed exam, and what it can see."""
    if champion is None:
        return [Reason(rule="champion", passed=True, message="there is no champion yet: only the floors count")], []
    try:
        require_same_exam(sealed, champion)
    except ValueError as error:
        return [Reason(rule="same exam", passed=False, message=str(error))], []
    margins = [_margin_reason(sealed, champion, rule, gate.level) for rule in gate.rules if rule.margin is not None]
    if not gate.improvements:
        return margins, []
    improvement, sights = _improvement(sealed, champion, gate)
    return [*margins, improvement], sights


def _not_held(floors: Sequence[Reason]) -> Reason:
    if any(not reason.passed for reason in floors):
        message = "a floor was missed on the open exam: the sealed exam was not held"
    else:
        message = "the sealed exam was not held: nothing is promoted without it"
    return Reason(rule="sealed exam", passed=False, message=message)


def _floor_reason(report: EvaluationReport, rule: GateRule) -> Reason:
    name = f"{rule.metric} floor, {report.exam} exam"
    try:
        metric = usable(report, rule.metric)
    except ValueError as error:
        return Reason(rule=name, passed=False, message=f"{error} (the {report.exam} exam)")
    value, floor = value_of(metric), rule.floor
    assert floor is not None
    higher = metric.direction == "higher_is_better"
    required = f"{'at least' if higher else 'at most'} {_number(floor)}"
    message = f"{rule.metric} is {_quantity(value, metric)} on the {report.exam} exam, {required} is required"
    return Reason(rule=name, passed=value >= floor if higher else value <= floor, message=message)


def _margin_reason(sealed: EvaluationReport, champion: EvaluationReport, rule: GateRule, level: float) -> Reason:
    name = f"{rule.metric} no worse than the champion's"
    try:
        compared = compare_metric(sealed, champion, rule.metric)
    except ValueError as error:
        return Reason(rule=name, passed=False, message=str(error))
    assert rule.margin is not None
    margin, worst = rule.margin.of(compared.old), compared.gain.bound(level)
    passed = worst > -margin or worst == compared.gain.mean == 0
    verdict = "excluded" if passed else "not excluded"
    message = (
        f"{_both(compared)}; that it is worse by {_quantity(margin, compared.challenger)} is {verdict} "
        f"({1 - level:.0%} sure that it is {_at_most(worst, compared.challenger)})"
    )
    return Reason(rule=name, passed=passed, message=message)


def _improvement(sealed: EvaluationReport, champion: EvaluationReport, gate: GateConfig) -> tuple[Reason, list[Sight]]:
    """One of the pre-named gains must be sure, after Holm's correction for their number, and useful."""
    compared: dict[str, Comparison] = {}
    lines: list[str] = []
    for improvement in gate.improvements:
        try:
            compared[improvement.metric] = compare_metric(sealed, champion, improvement.metric)
        except ValueError as error:
            lines.append(str(error))
    unknown = {improvement.metric: 1.0 for improvement in gate.improvements}
    sure = holm(unknown | {name: one.gain.p_value() for name, one in compared.items()}, gate.level)
    passed, sights = False, list[Sight]()
    for improvement in gate.improvements:
        one = compared.get(improvement.metric)
        if one is None:
            continue
        useful, sought = improvement.useful.of(one.old), improvement.sought.of(one.old)
        large = one.gain.mean >= useful
        passed = passed or (large and improvement.metric in sure)
        lines.append(_gain_line(one, improvement.metric in sure, useful, gate.level))
        sights.append(_sight(one, sought, useful, gate.level / len(gate.improvements)))
    message = ("it is better: " if passed else "no improvement is shown: ") + "; ".join(lines)
    return Reason(rule="an improvement", passed=passed, message=message), sights


def _gain_line(compared: Comparison, sure: bool, useful: float, level: float) -> str:
    low, high = compared.gain.interval(1 - 2 * level)
    metric = compared.challenger
    return (
        f"{_both(compared)} on {compared.gain.clips} clips ({1 - 2 * level:.0%} interval {_number(low)} to "
        f"{_number(high)}), {'sure' if sure else 'not sure'}; {_quantity(useful, metric)} is useful"
    )


def _sight(compared: Comparison, sought: float, useful: float, level: float) -> Sight:
    chance = compared.gain.chance_to_see(sought, level, useful)
    metric = compared.challenger
    share = f" ({sought / abs(compared.old):.0%})" if compared.old else ""
    message = (
        f"a gain of {_quantity(sought, metric)}{share} in {metric.name} would be seen {10 * chance:.1f} times in 10"
    )
    return Sight(metric=metric.name, gain=sought, chance=chance, message=message)


def _both(compared: Comparison) -> str:
    mean = compared.gain.mean
    change = "the same" if mean == 0 else f"{_quantity(abs(mean), compared.challenger)} {_better(mean)}"
    name = compared.challenger.name
    return f"{name} is {_number(compared.new)}, the champion's {_number(compared.old)} on the same clips: {change}"


def _better(gain: float) -> str:
    return "better" if gain > 0 else "worse"


def _at_most(bound: float, metric: Metric) -> str:
    return f"worse by at most {_quantity(-bound, metric)}" if bound <= 0 else f"better by {_quantity(bound, metric)}"


def _quantity(value: float, metric: Metric) -> str:
    return f"{_number(value)} {metric.unit}" if metric.unit in ("px", "dB") else _number(value)


def _number(value: float) -> str:
    return f"{value:.3g}" if value else "0"
