"""Every metric there is, found in evaluation/metrics: a new file there is a new metric, and nothing else lists it.

So a gate rule with a misspelt metric is an error, the report lays out its rows, and a changed definition (a raised
version) changes the exam's digest: reports compare only where all definitions are equal. Listing imports neither torch
nor an image library. A metric measured with an embedded stand-in instead of the field's usual tool has it in its name.
"""

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from evaluation.contracts import Direction, Metric, Variant
from evaluation.measuring.kinds import ClipMetric, DerivedMetric, Family, Role, VideoMetric
from foundation.by_name import choices, load_choice

METRICS = "evaluation.metrics"
NO_CLIP = "no clip to measure"
ROLE_TITLES: Mapping[Role, str] = {
    "baseline": "baseline",
    "model": "this model",
    "ceiling": "codec",
    "prompt_shuffled": "other prompt",
    "audio_shuffled": "other audio",
    "person_shuffled": "other person",
    "product_shuffled": "other product",
    "truth": "true clip",
}


@dataclass(frozen=True)
class MetricDefinition:
    """What one number means: a metric in one role. For people, `title` is a few words and `description` a sentence."""

    name: str
    title: str
    unit: str
    direction: Direction
    version: int
    family: str
    role: Role
    description: str


@cache
def families() -> dict[str, ClipMetric | DerivedMetric | VideoMetric]:
    """Name -> metric, in the order of the files and within each."""
    return {name: metric for file in choices(METRICS) for name, metric in load_choice(METRICS, file).METRICS.items()}


def clip_metrics() -> dict[str, ClipMetric]:
    """Name -> metric, of all that are measured on the clips of an exam."""
    return {name: metric for name, metric in families().items() if isinstance(metric, ClipMetric)}


@cache
def definitions() -> dict[str, MetricDefinition]:
    """Name -> definition of every number, in all its roles."""
    return {
        full: MetricDefinition(
            full, _title(metric, role), metric.unit, metric.direction, metric.version, name, role, description
        )
        for name, metric in families().items()
        for role, description in metric.roles.items()
        for full in [role_name(name, role)]
    }


def _title(metric: Family, role: Role) -> str:
    return metric.title if role == "model" else f"{metric.title}, {ROLE_TITLES[role]}"


def require_metrics(names: Sequence[str], variants: Sequence[Variant]) -> None:
    """Whether each of these numbers exists, and comes out of an exam with these variants.

    Raises:
        ValueError: one does not; names it, and the nearest that does or the variant that it needs.
    """
    known = definitions()
    for name in names:
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
            raise ValueError(f"the gate names a metric that does not exist: '{name}'; did you mean '{nearest}'?")
        if isinstance(families()[known[name].family], VideoMetric):
            raise ValueError(f"the gate asks for '{name}', which `graspline score` measures and no exam: drop the rule")
        if missing := lacking(name, variants):
            raise ValueError(
                f"the gate asks for '{name}', which is measured with {' and '.join(sorted(missing))} only: add that to "
                "evaluation.variants, or drop the rule"
            )


def lacking(name: str, variants: Sequence[Variant]) -> set[Role]:
    """The variants that the number `name`, which exists, is made of and that these are without."""
    there: set[Role] = {"model", "baseline", "ceiling", "truth"}
    return _needs(definitions()[name]) - there - {variant for variant in variants if variant != "true"}


def _needs(definition: MetricDefinition) -> set[Role]:
    """The roles that a number is made of."""
    metric = families()[definition.family]
    if not isinstance(metric, DerivedMetric):
        return {definition.role}
    every = dict.fromkeys(families()[metric.source].roles, 1.0)
    return {role for role in every if math.isnan(metric.derive({**every, role: math.nan}))}


def role_name(family: str, role: Role) -> str:
    """The name of a metric's number in one role."""
    return family if role == "model" else f"{family}_{role}"


def measured(
    name: str, per_clip: Mapping[str, float], note: str = "", per_frame: Mapping[str, Sequence[float | None]] = {}
) -> Metric:
    """The metric `name` as the mean over its clips; clips whose value is not a number are left out and counted."""
    finite = {clip: value for clip, value in per_clip.items() if math.isfinite(value)}
    missing = [clip for clip in per_clip if clip not in finite]
    notes = [note] if note else []
    notes += [f"{len(missing)} of {len(per_clip)} clips have no value"] if missing else []
    value = math.fsum(finite.values()) / len(finite) if finite else math.nan
    metric = single_number(name, value, "; ".join(notes)) if finite else not_measured(name, "; ".join(notes) or NO_CLIP)
    series = {clip: [finite_or_none(value) for value in values] for clip, values in per_frame.items()}
    failures = dict.fromkeys(missing, "it has no value on this clip")
    return metric.model_copy(update={"per_clip": finite, "per_frame": series, "failures": failures})


def finite_or_none(value: float | None) -> float | None:
    """The value, if it is a number."""
    return float(value) if value is not None and math.isfinite(value) else None


def single_number(name: str, value: float, note: str = "") -> Metric:
    """The metric `name` where there is one value for all clips, such as a ratio of means."""
    definition = definitions()[name]
    return Metric(
        name=name,
        value=value if math.isfinite(value) else None,
        unit=definition.unit,
        direction=definition.direction,
        version=definition.version,
        note=note if math.isfinite(value) else "; ".join(filter(None, [note, "not a finite number"])),
    )


def not_measured(name: str, why: str) -> Metric:
    """The metric `name` without a value, and the reason: a gate rule on it refuses."""
    return single_number(name, math.nan).model_copy(update={"note": why})
