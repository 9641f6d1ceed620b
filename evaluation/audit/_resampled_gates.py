"""Gates between models that exist on paper only: drawn from one model's measured values, with effects planted.

A model is measured once with many noise seeds a clip. Two models *are* that model where each gets seeds of its own from
every clip; one that is better or worse is the same with its values changed. So a gate can be held thousands of times,
and how often it errs is counted instead of believed.

Resampling clips makes larger exams: a clip that is drawn again counts as another person's with another product, doing
the same action. Shape legend: N clips, S measured seeds, K seeds a clip of an exam.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from evaluation.contracts import ClipGroups, EvaluationReport, GateConfig, Grouping, Metric

Real = NDArray[np.float64]
Effect = Callable[[Real, Generator], Real]
"""Values [N,K] of one metric -> the same of another model; it may draw."""


@dataclass(frozen=True)
class MeasuredValues:
    """One model's values, clip by clip and seed by seed."""

    metrics: Mapping[str, Metric]
    values: Mapping[str, Real]  # metric -> [N,S]
    actions: Sequence[str]  # of the N clips

    @property
    def seeds(self) -> int:
        """S."""
        return next(iter(self.values.values())).shape[1]


def measured_values(report: EvaluationReport, gate: GateConfig) -> MeasuredValues:
    """The values of every metric that the gate compares; NaN where it has none on a clip, whatever the seed.

    Raises:
        ValueError: a metric has a value for some seeds of a clip only, or was not measured over several seeds.
    """
    clips = sorted(report.clips)
    values = {name: _by_clip(report.metrics[name], clips) for name in gate.compared}
    actions = [report.clips[clip].groups.get("action", clip) for clip in clips]
    return MeasuredValues(report.metrics, values, actions)


def _by_clip(metric: Metric, clips: Sequence[str]) -> Real:
    """[N,S]. ValueError: as `measured_values`."""
    rows = metric.per_seed
    if not rows or any(value is None for row in rows.values() for value in row):
        raise ValueError(
            f"{metric.name} has not a value for every noise seed{f' ({metric.note})' if metric.note else ''}: "
            "audit with a model that can be measured, and several seeds"
        )
    none = [math.nan] * len(next(iter(rows.values())))
    return np.array([rows.get(clip, none) for clip in clips], dtype=np.float64)


def without_floors(gate: GateConfig) -> GateConfig:
    """The same gate where both models are good enough: what remains is the comparison."""
    compared = [rule.model_copy(update={"floor": None}) for rule in gate.rules if rule.margin is not None]
    return gate.model_copy(update={"rules": compared})


def two_models(
    bank: MeasuredValues, clips: int, seeds: int, random: Generator, effects: Mapping[str, Effect]
) -> tuple[EvaluationReport, EvaluationReport]:
    """Challenger and champion on one exam: other seeds of the same model, the challenger with the effects."""
    count = len(bank.actions)
    chosen = np.arange(clips) % count if clips <= count else _enlarged(count, clips, random)
    order = random.permuted(np.tile(np.arange(bank.seeds), (clips, 1)), axis=1)
    drawn = {name: values[chosen] for name, values in bank.values.items()}
    own = {name: np.take_along_axis(values, order[:, :seeds], 1) for name, values in drawn.items()}
    others = {name: np.take_along_axis(values, order[:, seeds : 2 * seeds], 1) for name, values in drawn.items()}
    changed = {name: effects[name](values, random) if name in effects else values for name, values in own.items()}
    groups = [_groups(bank.actions[int(place)], number) for number, place in enumerate(chosen)]
    return _report("challenger", bank, changed, groups), _report("champion", bank, others, groups)


def _enlarged(count: int, clips: int, random: Generator) -> NDArray[np.intp]:
    """Every measured clip as often as it goes, the rest drawn."""
    whole = np.tile(np.arange(count), clips // count)
    return np.concatenate([whole, random.choice(count, clips % count, replace=False)])


def _groups(action: str, number: int) -> ClipGroups:
    named: dict[Grouping, str] = {"person": f"person {number}", "product": f"product {number}", "action": action}
    return ClipGroups(groups=named, seen=[])


def _report(
    model: str, bank: MeasuredValues, values: Mapping[str, Real], groups: Sequence[ClipGroups]
) -> EvaluationReport:
    names = [f"clip_{number:03d}" for number in range(len(groups))]
    metrics = {name: _metric(bank.metrics[name], rows, names) for name, rows in values.items()}
    return EvaluationReport(
        artifact_digest=model,
        exam_digest="resampled",
        exam="sealed",
        clips=dict(zip(names, groups, strict=True)),
        metrics=metrics,
        report_html="",
        contact_sheet="",
        folder="",
    )


def _metric(measured: Metric, values_NK: Real, names: Sequence[str]) -> Metric:
    per_clip = dict(zip(names, map(float, values_NK.mean(axis=1)), strict=True))
    finite = {name: mean for name, mean in per_clip.items() if math.isfinite(mean)}
    value = math.fsum(finite.values()) / len(finite)
    return measured.model_copy(update={"value": value, "per_clip": finite, "per_seed": {}, "per_frame": {}})
