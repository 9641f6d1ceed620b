"""Measure one clip: every metric on all of its videos. What one process does for the others.

Metrics are passed by their names. Those that hold clips against each other know the other clips beforehand: a metric's
`prepare` gathers what it needs of them into one picklable measure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluation.catalogue import clip_metrics
from evaluation.measuring.clip import Frames, MeasuredClip
from evaluation.measuring.kinds import Measure, Role

Values = dict[tuple[str, Role], float | Sequence[float]]
"""(metric, role) -> the clip's value, or one a frame."""


@dataclass(frozen=True)
class Plan:
    """Which metric is measured on which clips, and how where it holds clips against each other."""

    able: Mapping[str, frozenset[str]]  # metric -> clips that meet its needs
    asked: frozenset[str]  # metrics that enough clips can be measured on
    among: Mapping[str, Measure]  # of the metrics that know the other clips

    @classmethod
    def of(cls, clips: Sequence[MeasuredClip]) -> "Plan":
        """Every metric there is, on these clips."""
        metrics = clip_metrics()
        able = {name: [clip for clip in clips if all(map(clip.has, one.needs))] for name, one in metrics.items()}
        asked = {name: one for name, one in metrics.items() if len(able[name]) >= one.fewest_clips}
        return cls(
            able={name: frozenset(clip.clip_id for clip in of_metric) for name, of_metric in able.items()},
            asked=frozenset(asked),
            among={name: one.measure_among(able[name]) for name, one in asked.items() if one.prepare},
        )


@dataclass(frozen=True)
class ClipJob:
    """One clip with its videos, take by take."""

    plan: Plan
    clip: MeasuredClip
    takes: Sequence[Mapping[Role, Frames]]


def measure_clip(job: ClipJob) -> list[Values]:
    """What the clip is measured to have in each take; video by video, so that what is seen in one is seen once."""
    clip_id, metrics = job.clip.clip_id, clip_metrics()
    mine = {name: metrics[name] for name in metrics if name in job.plan.asked and clip_id in job.plan.able[name]}
    measures = {name: job.plan.among.get(name) or metric.measure_among([]) for name, metric in mine.items()}
    return [
        {
            (name, role): measures[name](job.clip, frames_THW3)
            for role, frames_THW3 in videos.items()
            for name, metric in mine.items()
            if role in metric.roles and not (role == "baseline" and metric.guess)
        }
        for videos in job.takes
    ]
