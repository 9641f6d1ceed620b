"""The metrics that look at pictures: the same measurement on the model's clips and on everything they are held against.

Shape legend: T frames, H W pixels.
"""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from evaluation.contracts import Metric
from evaluation.held_out import ExamClip
from evaluation.metrics.catalogue import DEFINITIONS, Role, measured, not_measured, single_number
from evaluation.metrics.hand_error import active_hands, annotated_centres, hand_error_px
from evaluation.metrics.hand_locator import HandLocator, locate_hands
from evaluation.metrics.mouth_audio import loudness, mouth_audio_correlation
from evaluation.metrics.product_retrieval import describe_in_clip, describe_reference, nearest
from evaluation.metrics.psnr import psnr_db
from evaluation.metrics.smoothness import motion_smoothness

Frames = NDArray[np.uint8]
Versions = Mapping[Role, Mapping[str, Frames]]
"""Role -> clip id -> frames [T,H,W,3]: the model's, the shuffled ones, the baseline's, the codec's, the truth."""
Measure = Callable[[ExamClip, Frames], float]

HAND, IDLE_HAND = "hand_error_px_embedded_locator", "idle_hand_error_px_embedded_locator"
MOUTH, PRODUCT = "mouth_audio_correlation", "product_retrieval_top1_colour_layout"
FIRST_MADE = 1  # frame 0 of everything generated shows the person reference


def measure_samples(clips: Sequence[ExamClip], versions: Versions, locator: HandLocator | None) -> list[Metric]:
    """All picture metrics; `locator` is None where no training clip has a hand box."""
    return [
        *hand_metrics(clips, versions, locator),
        *mouth_metrics(clips, versions),
        *product_metrics(clips, versions),
        *family("psnr_db", clips, versions, lambda clip, frames: _psnr(frames, versions["truth"][clip.clip_id])),
        *family("motion_smoothness_pixel_cosine", clips, versions, lambda _, f: motion_smoothness(f[FIRST_MADE:])),
    ]


def family(name: str, clips: Sequence[ExamClip], versions: Versions, measure: Measure) -> list[Metric]:
    """One metric family: the same measure on every version that the catalogue knows for it."""
    known = [definition for definition in DEFINITIONS if definition.family == name and definition.role in versions]
    return [
        measured(found.name, {clip.clip_id: measure(clip, versions[found.role][clip.clip_id]) for clip in clips})
        for found in known
    ]


def hand_metrics(clips: Sequence[ExamClip], versions: Versions, locator: HandLocator | None) -> list[Metric]:
    """Hand position error of active and idle hands, and its two ratios."""
    ratios = ("hand_error_ratio_to_repeat", "hand_error_ratio_prompt_shuffled_to_true")
    if locator is None:
        return [not_measured(name, "no training clip has a hand box") for name in (HAND, IDLE_HAND, *ratios)]

    def error(clip: ExamClip, frames: Frames, active: bool) -> float:
        annotated, true_AK2 = annotated_centres(clip.record.boxes)
        acting = active_hands(clip.record.boxes)
        hands = acting if active else [hand for hand in range(2) if hand not in acting]
        found_AK2 = locate_hands(locator, torch.from_numpy(frames[annotated])).numpy()
        return hand_error_px(found_AK2, true_AK2, hands)

    metrics = family(HAND, clips, versions, lambda clip, frames: error(clip, frames, True))
    metrics += family(IDLE_HAND, clips, versions, lambda clip, frames: error(clip, frames, False))
    value = _values(metrics)
    return [
        *metrics,
        single_number(ratios[0], value[HAND] / value[f"{HAND}_baseline"]),
        single_number(ratios[1], value.get(f"{HAND}_prompt_shuffled", math.nan) / value[HAND]),
    ]


def mouth_metrics(clips: Sequence[ExamClip], versions: Versions) -> list[Metric]:
    """Mouth-audio correlation, always against the clip's own sound, and what shuffling the audio costs."""

    def follows(clip: ExamClip, frames: Frames) -> float:
        if not any(boxes.face for boxes in clip.record.boxes.values()):
            return math.nan
        samples, samples_per_second = clip.sound()
        loud_T = loudness(samples, samples_per_second, len(frames), clip.record.frames_per_second)
        return mouth_audio_correlation(frames, clip.record.boxes, loud_T)

    metrics = family(MOUTH, clips, versions, follows)
    value = _values(metrics)
    lost = value[MOUTH] - value.get(f"{MOUTH}_audio_shuffled", math.nan)
    return [*metrics, single_number(f"{MOUTH}_lost_by_shuffling", lost)]


def product_metrics(clips: Sequence[ExamClip], versions: Versions) -> list[Metric]:
    """Product retrieval among the held-out references, and what guessing would reach."""
    shown = [(clip, picture) for clip in clips if (picture := clip.product()) is not None]
    if len(shown) < 2:
        return [not_measured(PRODUCT, "fewer than two held-out clips have a product reference")]
    references = [describe_reference(picture) for _, picture in shown]
    products = [clip.record.product_id for clip, _ in shown]

    def found(clip: ExamClip, frames: Frames) -> float:
        described = describe_in_clip(frames, clip.record.boxes, clip.person())
        if described is None:
            return math.nan
        return float(products[nearest(described, references)] == clip.record.product_id)

    retrieved = family(PRODUCT, [clip for clip, _ in shown], versions, found)
    guessed = {clip.clip_id: products.count(clip.record.product_id) / len(shown) for clip, _ in shown}
    kept = [metric for metric in retrieved if not metric.name.endswith("_baseline")]
    return [*kept, measured(f"{PRODUCT}_baseline", guessed, note="chance")]


def _psnr(frames: Frames, truth: Frames) -> float:
    return psnr_db(frames[FIRST_MADE:], truth[FIRST_MADE:])


def _values(metrics: Sequence[Metric]) -> dict[str, float]:
    return {metric.name: math.nan if metric.value is None else metric.value for metric in metrics}
