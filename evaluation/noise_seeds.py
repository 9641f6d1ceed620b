"""One exam from several noise seeds a clip: a model's number is the mean over them, and their spread is its noise.

The seed is a good part of what differs between two evaluations of one model: K seeds a clip halve it for K = 4.
Conditions shuffled between clips, baselines and ceilings are measured once; their effects are large.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from evaluation.catalogue import families, measured
from evaluation.contracts import Metric
from evaluation.measure import derive_all
from evaluation.measuring.kinds import ClipMetric


def over_seeds(by_seed: Sequence[Mapping[str, Metric]]) -> dict[str, Metric]:
    """The metrics of a model's first seed with the values of the other seeds taken in, clip by clip.

    Args:
        by_seed: what `measure` gave for each seed; the first with every role, the others with the model's own.
    """
    first, *others = by_seed
    values = dict(first)
    for name, metric in families().items():
        if isinstance(metric, ClipMetric) and others:
            values[name] = _one(first[name], [seed[name] for seed in others])
    return derive_all(values)


def noise_floor(per_seed: Mapping[str, Sequence[float | None]]) -> float | None:
    """Standard error of the mean that the noise seeds alone cause; None where no clip has two seeds with a value."""
    finite = [[value for value in values if value is not None] for values in per_seed.values()]
    repeated = [values for values in finite if len(values) > 1]
    if not repeated:
        return None
    within = np.mean([np.var(values, ddof=1) for values in repeated])
    clips = [values for values in finite if values]
    return float(np.sqrt(sum(within / len(values) for values in clips)) / len(clips))


def _one(first: Metric, others: Sequence[Metric]) -> Metric:
    clips = dict.fromkeys(clip for seed in (first, *others) for clip in seed.per_clip)
    if not clips:
        return first
    per_seed = {clip: [seed.per_clip.get(clip) for seed in (first, *others)] for clip in clips}
    means = {clip: _mean(values) for clip, values in per_seed.items()}
    missing = sum(value is None for values in per_seed.values() for value in values)
    note = f"{missing} of {len(clips) * (1 + len(others))} videos have no value" if missing else ""
    result = measured(first.name, means, "; ".join(filter(None, [first.note, note])), first.per_frame)
    never = {clip: why for clip, why in first.failures.items() if clip not in clips}
    return result.model_copy(
        update={"per_seed": per_seed, "noise_floor": noise_floor(per_seed), "failures": {**never, **result.failures}}
    )


def _mean(values: Sequence[float | None]) -> float:
    finite = [value for value in values if value is not None]
    return math.fsum(finite) / len(finite)
