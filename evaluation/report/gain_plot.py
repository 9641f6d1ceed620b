"""What decided against the champion, as a plot: each gain with its interval, in units of its own margin.

0 is as good as the champion; -1 is worse by the margin, and an interval that reaches it refuses.
"""

from dataclasses import dataclass

from evaluation.catalogue import definitions
from evaluation.compare import compare_metric
from evaluation.contracts import EvaluationReport, GateConfig, GateRule

DOES_NOT_DECIDE = "it draws a decision that was made"
FARTHEST = 3.0  # margins to either side; what lies beyond is drawn at the edge


@dataclass(frozen=True)
class PlottedGain:
    """One guarded metric: places are per cent of the plot's width."""

    title: str
    low: float
    mean: float
    high: float
    excluded: bool  # that it is worse by the margin
    words: str


ZERO, MARGIN = 50.0, 50.0 - 50.0 / FARTHEST
"""Where the plot has its two lines, in per cent."""


def gains_in_margins(report: EvaluationReport, champion: EvaluationReport, gate: GateConfig) -> list[PlottedGain]:
    """One row a guarded metric that both models have on the same clips, in the rules' order."""
    plotted = [_plotted(report, champion, rule, gate.level) for rule in gate.rules if rule.margin is not None]
    return [row for row in plotted if row is not None]


def _plotted(report: EvaluationReport, champion: EvaluationReport, rule: GateRule, level: float) -> PlottedGain | None:
    try:
        compared = compare_metric(report, champion, rule.metric)
    except ValueError:
        return None  # the verdict says why
    assert rule.margin is not None
    margin = rule.margin.of(compared.old)
    if margin == 0:
        return None
    low, high = compared.gain.interval(1 - 2 * level)
    unit = compared.challenger.unit
    words = f"gain {compared.gain.mean:+.3g} {unit}, {1 - 2 * level:.0%} interval {low:+.3g} to {high:+.3g}, "
    return PlottedGain(
        title=definitions()[rule.metric].title,
        low=_place(low / margin),
        mean=_place(compared.gain.mean / margin),
        high=_place(high / margin),
        excluded=low > -margin,
        words=words + f"margin {margin:.3g}",
    )


def _place(margins: float) -> float:
    return round(50 + 50 * min(FARTHEST, max(-FARTHEST, margins)) / FARTHEST, 2)
