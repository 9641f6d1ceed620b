"""Two models on the same exam: how much better is the one, clip by clip, and how sure is that.

Pairing by clip removes the spread between easy and hard clips; the interval counts clips of one person, product or
action as relatives (evaluation.clustered_interval). Only reports of equal `exam_digest` compare: same clips, seeds and
metric definitions. A positive gain is better, whatever the metric's direction.
"""

import math
from dataclasses import dataclass

from evaluation.clustered_interval import MeanGain, mean_gain
from evaluation.contracts import GROUPINGS, EvaluationReport, Grouping, Metric


@dataclass(frozen=True)
class Comparison:
    """One metric of two models."""

    challenger: Metric
    champion: Metric
    gains: dict[str, float]  # clip -> how much better
    gain: MeanGain

    @property
    def new(self) -> float:
        return value_of(self.challenger)

    @property
    def old(self) -> float:
        return value_of(self.champion)


def require_same_exam(challenger: EvaluationReport, champion: EvaluationReport) -> None:
    """Refuse to compare two reports of different exams, or of models that ran in different precisions.

    Raises:
        ValueError: the exam digests or the precisions differ.
    """
    if challenger.exam_digest != champion.exam_digest:
        raise ValueError(
            f"challenger {challenger.artifact_digest[:12]} was evaluated on exam {challenger.exam_digest[:12]}, "
            f"champion {champion.artifact_digest[:12]} on exam {champion.exam_digest[:12]}: "
            "evaluate the champion again on the challenger's held-out clips, then compare"
        )
    if challenger.precision != champion.precision:
        raise ValueError(
            f"challenger {challenger.artifact_digest[:12]} was judged in {challenger.precision}, champion "
            f"{champion.artifact_digest[:12]} in {champion.precision}: export the challenger with "
            f"sampling.precision={champion.precision}, then compare"
        )


def compare_metric(challenger: EvaluationReport, champion: EvaluationReport, name: str) -> Comparison:
    """One metric of both, with the clustered interval of the gain.

    Raises:
        ValueError: it is missing, has no value, is one number for all clips, or the models have values on other clips.
    """
    new, old = usable(challenger, name), usable(champion, name, whose="the champion's ")
    if not new.per_clip or new.per_clip.keys() != old.per_clip.keys():
        lacking = sorted(new.per_clip.keys() ^ old.per_clip.keys())
        which = f" ({', '.join(lacking[:3])}: only one has a value)" if lacking else ""
        raise ValueError(f"{name} has no values on the same clips for both models{which}: it cannot be compared")
    sign = 1.0 if new.direction == "higher_is_better" else -1.0
    gains = {clip: sign * (new.per_clip[clip] - old.per_clip[clip]) for clip in sorted(new.per_clip)}
    groups = {grouping: [group_of(challenger, clip, grouping) for clip in gains] for grouping in GROUPINGS}
    try:
        return Comparison(new, old, gains, mean_gain(list(gains.values()), groups))
    except ValueError as error:
        raise ValueError(f"{name} cannot be compared: {error}") from error


def group_of(report: EvaluationReport, clip: str, grouping: Grouping) -> str:
    """The clip's person, product or action; a clip of which none is known is a cluster of its own."""
    known = report.clips.get(clip)
    return (known.groups.get(grouping) if known else None) or f"only {clip}"


def usable(report: EvaluationReport, name: str, whose: str = "") -> Metric:
    """The metric, if it is a number that rests on every video on which it can be measured.

    A model that cannot be measured on some videos, as the truth can, would else be judged by its best ones.

    Raises:
        ValueError: it is missing, has no value, or none on some videos, and why.
    """
    metric = report.metrics.get(name)
    if metric is None:
        raise ValueError(f"{whose}{name} is missing from the report")
    if metric.value is None or not math.isfinite(metric.value):
        raise ValueError(f"{whose}{name} has no value{f' ({metric.note})' if metric.note else ''}")
    if lacking := _lacking(report, metric):
        raise ValueError(
            f"{whose}{name} has no value on some videos of {', '.join(lacking[:3])}, which can be measured"
        )
    return metric


def _lacking(report: EvaluationReport, metric: Metric) -> list[str]:
    """Clips of which some video has no value though another one, or the true clip, has."""
    truth = [report.metrics.get(f"{metric.name}_{role}") for role in ("truth", "ceiling")]
    measurable = {clip for one in truth if one is not None for clip in one.per_clip}
    some = {clip for clip, values in metric.per_seed.items() if None in values}
    return sorted(some | (measurable - metric.per_clip.keys() if metric.per_clip else set()))


def value_of(metric: Metric) -> float:
    """The value of a metric that `usable` let pass."""
    assert metric.value is not None
    return metric.value
