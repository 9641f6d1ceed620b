"""The held-out clips as the page shows them: worst first, videos side by side, each clip's numbers for both models."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.catalogue import families
from evaluation.contracts import EvaluationReport, GateConfig, Metric
from evaluation.measuring.kinds import ClipMetric
from evaluation.report.media import Media
from evaluation.report.shown import ShownClip, shown_clip
from evaluation.report.table import number

DOES_NOT_DECIDE = "it lays out the clips of a report that is finished"
HITS = ("product_recognised_frames", "person_recognised_frames")


@dataclass(frozen=True)
class ClipRow:
    """One clip of the page."""

    clip_id: str
    prompt: str
    place: str  # 1 is the worst
    seen: str  # what of it the model knows from training
    numbers: Sequence[tuple[str, str, str, str]]  # title, this model, champion, unit
    hits: Sequence[tuple[str, str, str]]  # what, this model, champion
    shown: ShownClip
    router: str  # address of the router's map; "": there is none


def clip_rows(
    report: EvaluationReport,
    champion: EvaluationReport | None,
    media: Media,
    first: Sequence[str],
    gate: GateConfig | None,
) -> list[ClipRow]:
    """Every clip, the worst first.

    Args:
        report: of the model that the page is about.
        champion: to be shown beside it.
        media: how the page shows files.
        first: metrics that stand first among a clip's numbers.
        gate: what it guards decides which clip is bad; None: the metrics that stand first do.
    """
    clips = _clips_of(report)
    deciding = [name for name in (gate.compared if gate else first) if name in report.metrics]
    order = worst_first([clip["clip_id"] for clip in clips], [report.metrics[name] for name in deciding])
    prompts = {clip["clip_id"]: clip["prompt"] for clip in clips}
    return [
        _row((clip_id, prompts[clip_id], f"{place} of {len(order)}"), report, champion, media, first)
        for place, clip_id in enumerate(order, 1)
    ]


def frames_per_second(report: EvaluationReport) -> float:
    """Of the report's videos."""
    return float(_clips_of(report)[0]["frames_per_second"])


def worst_first(clips: Sequence[str], metrics: Sequence[Metric]) -> list[str]:
    """Clips by their mean rank over these metrics: 1 where it is the worst of all, 0 where the best."""
    ranks: dict[str, list[float]] = {clip: [] for clip in clips}
    for metric in metrics:
        sign = 1 if metric.direction == "higher_is_better" else -1
        ordered = sorted((clip for clip in clips if clip in metric.per_clip), key=lambda c: sign * metric.per_clip[c])
        for place, clip in enumerate(ordered):
            ranks[clip].append(1 - place / max(1, len(ordered) - 1))
    return sorted(clips, key=lambda clip: -float(np.mean(ranks[clip])) if ranks[clip] else 0.0)


def _clips_of(report: EvaluationReport) -> list[dict[str, Any]]:
    """What the evaluation left for the page: id, prompt and frame rate of each clip."""
    clips: list[dict[str, Any]] = json.loads((Path(report.folder) / "clips.json").read_text(encoding="utf-8"))
    return clips


def _row(
    clip: tuple[str, str, str],
    report: EvaluationReport,
    champion: EvaluationReport | None,
    media: Media,
    first: Sequence[str],
) -> ClipRow:
    clip_id, prompt, place = clip
    own, other = report.metrics, champion.metrics if champion else {}
    every = families()
    there = [name for name in every if clip_id in _values(own, name)]
    ordered = [*(name for name in first if name in there), *(name for name in there if name not in first)]
    groups = report.clips.get(clip_id)
    router = Path(report.folder) / "videos" / f"{clip_id}_router.png"
    return ClipRow(
        clip_id=clip_id,
        prompt=prompt,
        place=place,
        seen=", ".join(groups.seen) if groups else "",
        numbers=[
            (every[name].title, _of(own, name, clip_id), _of(other, name, clip_id), own[name].unit)
            for name in ordered
            if isinstance(every[name], ClipMetric)
        ],
        hits=[
            (every[name].title, _share(own, name, clip_id), _share(other, name, clip_id))
            for name in HITS
            if name in there
        ],
        shown=shown_clip(clip_id, report, champion, media),
        router=media.picture(router) if router.exists() else "",
    )


def _values(metrics: Mapping[str, Metric], name: str) -> Mapping[str, float]:
    metric = metrics.get(name)
    return metric.per_clip if metric else {}


def _of(metrics: Mapping[str, Metric], name: str, clip_id: str) -> str:
    return number(_values(metrics, name).get(clip_id))


def _share(metrics: Mapping[str, Metric], name: str, clip_id: str) -> str:
    value = _values(metrics, name).get(clip_id)
    return "–" if value is None else f"{value:.0%}"
