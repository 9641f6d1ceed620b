"""Score video files as they are, anybody's: every metric that a backend measures, over all frames, per clip and frame.

A metric that cannot be measured stays in the result, without a value and with the reason: a weight file that is not
configured, an environment that is not set up, a reference that no clip has. What fails on one clip is named there and
counts in no mean.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from evaluation.backends.config import ScoringConfig
from evaluation.backends.contracts import Outcome
from evaluation.backends.launch import REMEMBERED, Outcomes, measure_videos, settings_missing
from evaluation.backends.video import VideoClip
from evaluation.catalogue import families, measured, not_measured
from evaluation.contracts import Metric, VideoKind
from evaluation.measuring.kinds import VIDEO_NEEDS, VideoMetric, VideoNeed
from evaluation.measuring.per_frame import mean
from foundation.child_process import OnLine


def video_metrics() -> dict[str, VideoMetric]:
    """Name -> metric, of all that are measured on video files."""
    return {name: metric for name, metric in families().items() if isinstance(metric, VideoMetric)}


def score_videos(
    clips: Sequence[VideoClip],
    config: ScoringConfig,
    on_line: OnLine = print,
    backends: Sequence[str] | None = None,
    remembered: Path = REMEMBERED,
) -> dict[str, Metric]:
    """Metric -> its value over these clips, or why there is none.

    Args:
        clips: videos with their references; at least one.
        config: conf/scoring.
        on_line: takes progress lines of the backends.
        backends: only the metrics of these; None: of all.
        remembered: folder where outcomes are kept.

    Raises:
        ValueError: the configuration names a weight file that is not there.
    """
    wanted = {name: one for name, one in video_metrics().items() if backends is None or one.backend in backends}
    missing = {backend: settings_missing(backend, config) for backend in {one.backend for one in wanted.values()}}
    able = sorted(backend for backend, why in missing.items() if not why)
    there = _there(clips)
    outcomes = measure_videos(there, able, config, on_line, remembered)
    return {
        name: not_measured(name, f"not measured: {missing[one.backend]}")
        if missing[one.backend]
        else _metric(name, one, clips, outcomes[one.backend], config.shows)
        for name, one in wanted.items()
    }


def _there(clips: Sequence[VideoClip]) -> list[VideoClip]:
    """The clips with those references only whose files are there; what is missing is named by each metric's needs."""
    return [
        clip.model_copy(update={field: None for field, file in clip.files().items() if not Path(file).is_file()})
        for clip in clips
    ]


def _metric(name: str, metric: VideoMetric, clips: Sequence[VideoClip], outcomes: Outcomes, shown: VideoKind) -> Metric:
    values: dict[str, float] = {}
    series: dict[str, Sequence[float | None]] = {}
    failures: dict[str, str] = {}
    remarks: dict[str, str] = {}
    for clip in clips:
        value, why = _value(metric, clip, outcomes[clip.clip_id])
        values[clip.clip_id] = value
        if why:
            failures[clip.clip_id] = why
        elif answer := outcomes[clip.clip_id].answer:
            if metric.series in answer.per_frame:
                series[clip.clip_id] = answer.per_frame[metric.series]
            if remark := answer.notes.get(metric.series):
                remarks[clip.clip_id] = remark
    known = [outcome.measured_by for outcome in outcomes.values() if outcome.measured_by]
    notes = [next(iter(failures.values()))] if len(set(failures.values())) == 1 else []
    if metric.weights_sha256 and any(one.weights_sha256 != metric.weights_sha256 for one in known):
        notes.append("measured with other weights than the metric was shown with")
    if shown not in metric.valid_on:
        notes.append(f"outside its validity: it was shown to carry signal on {' and '.join(metric.valid_on)} videos")
    result = measured(name, values, "; ".join(notes), series)
    return result.model_copy(
        update={"failures": failures, "remarks": remarks, "measured_by": known[0] if known else None}
    )


def _value(metric: VideoMetric, clip: VideoClip, outcome: Outcome) -> tuple[float, str]:
    """A clip's value, or NaN and why it has none."""
    for need in metric.needs:
        if why := _unmet(need, clip):
            return math.nan, why
    if outcome.answer is None:
        return math.nan, outcome.fault
    answer, series = outcome.answer, metric.series
    value = answer.values[series] if series in answer.values else mean(answer.per_frame.get(series, []))
    if value is None or not math.isfinite(value):
        return math.nan, answer.notes.get(series, "no frame has a value")
    return value, ""


def _unmet(need: VideoNeed, clip: VideoClip) -> str:
    """Why a clip does not meet a need; the sound may be the video's own, which only its backend knows."""
    if need == "prompt":
        return "" if clip.prompt else f"needs {VIDEO_NEEDS[need]}"
    if need == "sound" and clip.audio is None:
        return ""
    file: Mapping[VideoNeed, str | None] = {"person": clip.person, "product": clip.product, "sound": clip.audio}
    if file[need] is None:
        return f"needs {VIDEO_NEEDS[need]}"
    return "" if Path(file[need] or "").is_file() else f"its {need} is missing: {file[need]} is not there"
