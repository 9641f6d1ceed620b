"""What the audits of damage and cheats stand on: clips, the gate's rules, and what these say to any videos.

Only metrics that a rule names are measured. Rules on what the network itself answers are left out: a cheat may be
given a good answer, its videos are judged. Against a champion only the margins are asked: nothing here is better.

Shape legend: T frames, H W pixels.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from evaluation.catalogue import definitions, families, role_name, single_number
from evaluation.contracts import EvaluationReport, GateConfig, Metric
from evaluation.measure import Versions, of_clips
from evaluation.measuring.clip import Frames, MeasuredClip
from evaluation.measuring.kinds import ClipMetric, DerivedMetric, Role
from evaluation.promotion_gate import against_champion, floor_reasons

Videos = Mapping[str, Frames]
"""Clip id -> frames uint8 [T,H,W,3]."""


@dataclass(frozen=True)
class Bench:
    """The clips of an exam, and a judge without its network."""

    clips: Sequence[MeasuredClip]
    gate: GateConfig
    report: EvaluationReport  # of the audited model on these clips: who and what they show
    baseline: Videos  # the person reference repeated

    @cached_property
    def rules(self) -> GateConfig:
        """The rules on videos alone."""
        kept = [rule for rule in self.gate.rules if not self._asks_the_network(rule.metric)]
        return self.gate.model_copy(update={"rules": kept, "improvements": []})

    def _asks_the_network(self, name: str) -> bool:
        family = families()[definitions()[name].family]
        source = _source(family) if isinstance(family, DerivedMetric) else family
        return isinstance(source, ClipMetric) and "network" in source.needs

    def judged(self, versions: Versions) -> EvaluationReport:
        """A report with the rules' metrics on these videos; a metric whose roles are not given has no value."""
        values: dict[str, Metric] = {}
        for name, metric in self._families().items():
            measure = metric.measure_among(self.clips)
            for role in metric.roles.keys() & versions.keys():
                frames = versions[role]
                output = {clip.clip_id: measure(clip, frames[clip.clip_id]) for clip in self.clips}
                values[role_name(name, role)] = of_clips(role_name(name, role), output)
        for rule in self.rules.rules:
            family = families()[definitions()[rule.metric].family]
            if isinstance(family, DerivedMetric):
                numbers: dict[Role, float] = {
                    role: _value(values, role_name(family.source, role)) for role in _source(family).roles
                }
                values[rule.metric] = single_number(rule.metric, family.derive(numbers))
        return self.report.model_copy(update={"metrics": values})

    def _families(self) -> dict[str, ClipMetric]:
        named = {definitions()[rule.metric].family for rule in self.rules.rules}
        sources = {name: families()[name] for name in named}
        derived = {metric.source for metric in sources.values() if isinstance(metric, DerivedMetric)}
        return {
            name: metric
            for name, metric in families().items()
            if name in named | derived and isinstance(metric, ClipMetric)
        }


def refused_by_floors(bench: Bench, report: EvaluationReport) -> list[str]:
    """The metrics whose floor refuses; those without a value on these videos are not asked."""
    reasons = floor_reasons(report, bench.rules)
    floors = [rule for rule in bench.rules.rules if rule.floor is not None]
    return [
        rule.metric
        for rule, reason in zip(floors, reasons, strict=True)
        if not reason.passed and math.isfinite(_value(report.metrics, rule.metric))
    ]


def refused_by_champion(bench: Bench, report: EvaluationReport, champion: EvaluationReport) -> list[str]:
    """The metrics of which it is not excluded that they are worse than the champion's by their margin."""
    reasons, _ = against_champion(report, champion, bench.rules)
    margins = [rule for rule in bench.rules.rules if rule.margin is not None]
    return [rule.metric for rule, reason in zip(margins, reasons, strict=True) if not reason.passed]


def _source(family: DerivedMetric) -> ClipMetric:
    source = families()[family.source]
    assert isinstance(source, ClipMetric)
    return source


def _value(values: Mapping[str, Metric], name: str) -> float:
    metric = values.get(name)
    return math.nan if metric is None or metric.value is None else metric.value
