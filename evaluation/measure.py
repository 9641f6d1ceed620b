"""Measure every metric on a set of clips: what the model made, and everything that it is held against."""

import math
from collections.abc import Mapping, Sequence

from evaluation.catalogue import clip_metrics, families, measured, not_measured, role_name, single_number
from evaluation.contracts import Metric
from evaluation.measure_clip import ClipJob, Plan, Values, measure_clip
from evaluation.measuring.clip import NEEDS, Frames, MeasuredClip, Need
from evaluation.measuring.kinds import ClipMetric, DerivedMetric, Role
from evaluation.measuring.per_frame import mean
from foundation.failures import ClipError
from foundation.map_items import Spread, map_items

Versions = Mapping[Role, Mapping[str, Frames]]
"""Role -> clip id -> frames uint8 [T,H,W,3]: the model's, the shuffled ones, the baseline's, the codec's, the truth."""


def measure(
    clips: Sequence[MeasuredClip], versions: Versions, reasons: Mapping[Need, str] | None = None
) -> dict[str, Metric]:
    """Name -> metric, for every metric there is, in every role that `versions` has.

    Args:
        clips: with all that is known of them; a metric whose needs no clip meets has no value and says why.
        versions: what is measured; `model` is always there.
        reasons: why a need is not met, where there is more to say than that nothing was given.

    Raises:
        ValueError: the frames of a clip have another shape than its truth.
    """
    return measure_takes(clips, [versions], reasons)[0]


def measure_takes(
    clips: Sequence[MeasuredClip],
    takes: Sequence[Versions],
    reasons: Mapping[Need, str] | None = None,
    processes: int = 1,
) -> list[dict[str, Metric]]:
    """The same for several takes of the clips, such as noise seeds: the metrics of each.

    Clip by clip, so that many can be at work at once (`processes`); what the clips are given with must then be
    picklable. How many there are decides no number.
    """
    for versions in takes:
        _check_shapes(clips, versions)
    plan = Plan.of(clips)
    jobs = [
        ClipJob(plan, clip, [{role: frames[clip.clip_id] for role, frames in versions.items()} for versions in takes])
        for clip in clips
    ]
    values: dict[str, list[Values]] = {}
    for clip, of_takes in zip(clips, map_items(measure_clip, jobs, Spread(processes=processes)), strict=True):
        if isinstance(of_takes, ClipError):
            raise of_takes
        values[clip.clip_id] = of_takes
    return [
        _gathered(plan, clips, versions, {clip: of_takes[take] for clip, of_takes in values.items()}, reasons or {})
        for take, versions in enumerate(takes)
    ]


def derive_all(values: Mapping[str, Metric]) -> dict[str, Metric]:
    """The same, with the numbers that are made of others' made anew."""
    derived = {name: metric for name, metric in families().items() if isinstance(metric, DerivedMetric)}
    return {**values, **{name: _derived(name, metric, values) for name, metric in derived.items()}}


def _gathered(
    plan: Plan,
    clips: Sequence[MeasuredClip],
    versions: Versions,
    values: Mapping[str, Values],
    reasons: Mapping[Need, str],
) -> dict[str, Metric]:
    """The metrics of one take, from what each clip was measured to have."""
    metrics: dict[str, Metric] = {}
    for name, metric in clip_metrics().items():
        able = [clip for clip in clips if clip.clip_id in plan.able[name]]
        if name not in plan.asked:
            metrics[name] = not_measured(name, _why(metric, clips, reasons))
            continue
        for role in metric.roles:
            full = role_name(name, role)
            if role == "baseline" and metric.guess is not None:
                guessed = {clip.clip_id: metric.guess(clip, able) for clip in able}
                metrics[full] = measured(full, guessed, metric.guess_note)
            elif role in versions:
                metrics[full] = of_clips(full, {clip.clip_id: values[clip.clip_id][name, role] for clip in able})
    return derive_all(metrics)


def of_clips(name: str, output: Mapping[str, float | Sequence[float]]) -> Metric:
    """The number `name` from what each clip was measured to have: one value, or one a frame, then its mean counts."""
    series = {clip: value for clip, value in output.items() if isinstance(value, Sequence)}
    single = {clip: value for clip, value in output.items() if not isinstance(value, Sequence)}
    return measured(name, {clip: single.get(clip, mean(series.get(clip, []))) for clip in output}, per_frame=series)


def _why(metric: ClipMetric, clips: Sequence[MeasuredClip], reasons: Mapping[Need, str]) -> str:
    """The first need that too few clips meet."""
    for need in metric.needs:
        if sum(clip.has(need) for clip in clips) < metric.fewest_clips:
            return reasons.get(need, f"needs {NEEDS[need]}")
    return f"needs {metric.fewest_clips} clips that have {' and '.join(NEEDS[need] for need in metric.needs)}"


def _derived(name: str, metric: DerivedMetric, values: Mapping[str, Metric]) -> Metric:
    source = values[metric.source]
    if source.value is None:
        return not_measured(name, source.note)
    numbers: dict[Role, float] = {}
    for role in families()[metric.source].roles:
        value = values.get(role_name(metric.source, role))
        numbers[role] = math.nan if value is None or value.value is None else value.value
    return single_number(name, metric.derive(numbers))


def _check_shapes(clips: Sequence[MeasuredClip], versions: Versions) -> None:
    for role, videos in versions.items():
        for clip in clips:
            if clip.truth is not None and videos[clip.clip_id].shape != clip.truth.shape:
                raise ValueError(
                    f"clip {clip.clip_id}, {role}: frames of shape {videos[clip.clip_id].shape} cannot be compared "
                    f"with the true clip's {clip.truth.shape}: give both the same number of frames, height and width"
                )
