"""Every metric there is: name, unit, direction, version, what it says.

One table, so that a gate rule with a misspelt metric is an error, a report can lay out its rows, and a changed
definition (a raised version) changes the exam's digest: reports compare only where all definitions are equal.
A metric measured with an embedded stand-in instead of the field's usual tool carries the stand-in in its name.

A *family* is one table row of the report; a *role* says what stands in the cell: the model itself, the same model
with conditions shuffled between clips, a baseline any model must beat, a ceiling none can pass, or chance.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from evaluation.contracts import Direction, Metric

Role = Literal["model", "prompt_shuffled", "audio_shuffled", "baseline", "ceiling", "truth"]


@dataclass(frozen=True)
class MetricDefinition:
    """What one metric means. `says` is for people, one sentence."""

    name: str
    unit: str
    direction: Direction
    version: int
    family: str
    role: Role
    says: str


def _family(name: str, unit: str, direction: Direction, version: int, says: dict[Role, str]) -> list[MetricDefinition]:
    """The definitions of one family: the model's own number bears the family's name, the others a suffix."""
    return [
        MetricDefinition(name if role == "model" else f"{name}_{role}", unit, direction, version, name, role, sentence)
        for role, sentence in says.items()
    ]


DEFINITIONS: tuple[MetricDefinition, ...] = (
    *_family(
        "hand_error_px_embedded_locator",
        "px",
        "lower_is_better",
        1,
        {
            "model": "distance between the active hand found in the generated frames and its true box centre",
            "prompt_shuffled": "the same, generated with another clip's prompt",
            "audio_shuffled": "the same, generated with another clip's audio",
            "baseline": "the same, on the person reference repeated",
            "ceiling": "the same, on the true clip after the latent codec",
            "truth": "the same, on the true clip: the locator's own error",
        },
    ),
    *_family(
        "hand_error_ratio_to_repeat",
        "ratio",
        "lower_is_better",
        1,
        {"model": "hand error as a share of repeating the person reference"},
    ),
    *_family(
        "hand_error_ratio_prompt_shuffled_to_true",
        "ratio",
        "higher_is_better",
        1,
        {"model": "how much another clip's prompt raises the hand error; 1: the model does not read the prompt"},
    ),
    *_family(
        "idle_hand_error_px_embedded_locator",
        "px",
        "lower_is_better",
        1,
        {
            "model": "distance between the other hand found in the generated frames and its true box centre",
            "baseline": "the same, on the person reference repeated",
            "ceiling": "the same, on the true clip after the latent codec",
        },
    ),
    *_family(
        "mouth_audio_correlation",
        "Pearson r",
        "higher_is_better",
        2,
        {
            "model": "correlation of mouth opening (dark area in the lower face) and loudness, mean over clips",
            "prompt_shuffled": "the same, generated with another clip's prompt",
            "audio_shuffled": "the same, generated with another clip's audio, against the clip's own audio",
            "baseline": "the same, on the person reference repeated: a mouth that never moves",
            "ceiling": "the same, on the true clip after the latent codec",
            "truth": "the same, on the true clip",
        },
    ),
    *_family(
        "mouth_audio_correlation_lost_by_shuffling",
        "Pearson r",
        "higher_is_better",
        2,
        {"model": "correlation lost when another clip's audio is given; 0: the model does not hear the audio"},
    ),
    *_family(
        "product_retrieval_top1_colour_layout",
        "share",
        "higher_is_better",
        1,
        {
            "model": "share of clips whose generated product is nearest to its own reference among all held-out ones",
            "baseline": "chance: what guessing reaches",
            "ceiling": "the same, on the true clip after the latent codec",
        },
    ),
    *_family(
        "x0_error_rgb_ratio_to_repeat",
        "ratio",
        "lower_is_better",
        1,
        {"model": "held-out x0 error of the RGB stream as a share of repeating the person reference latent"},
    ),
    *_family(
        "x0_error_hoi_ratio_to_repeat",
        "ratio",
        "lower_is_better",
        1,
        {"model": "held-out x0 error of the HOI stream as a share of repeating the person reference latent"},
    ),
    *_family(
        "x0_error_hoi_ratio_to_first_frame",
        "ratio",
        "lower_is_better",
        1,
        {"model": "the same as a share of repeating the clip's own first HOI latent frame, a harder baseline"},
    ),
    *_family(
        "routing_accuracy",
        "share",
        "higher_is_better",
        1,
        {
            "model": "share of held-out target tokens whose router picks the labelled region",
            "baseline": "always base",
        },
    ),
    *_family("routing_recall_base", "share", "higher_is_better", 1, {"model": "share of base tokens routed to base"}),
    *_family("routing_recall_head", "share", "higher_is_better", 1, {"model": "share of head tokens routed to head"}),
    *_family("routing_recall_hand", "share", "higher_is_better", 1, {"model": "share of hand tokens routed to hand"}),
    *_family(
        "motion_smoothness_pixel_cosine",
        "cosine",
        "higher_is_better",
        1,
        {
            "model": "cosine of consecutive frames' coarse pixel descriptors; a still picture scores 1",
            "truth": "the same, on the true clip",
        },
    ),
    *_family(
        "psnr_db",
        "dB",
        "higher_is_better",
        1,
        {
            "model": "PSNR of the generated frames against the true ones",
            "prompt_shuffled": "the same, generated with another clip's prompt",
            "baseline": "the same, on the person reference repeated",
            "ceiling": "the same, on the true clip after the latent codec",
        },
    ),
)


def definitions() -> dict[str, MetricDefinition]:
    """Name -> definition."""
    return {definition.name: definition for definition in DEFINITIONS}


def measured(name: str, per_clip: Mapping[str, float], note: str = "") -> Metric:
    """The metric `name` as the mean over its clips; clips whose value is not a number are left out and counted."""
    finite = {clip: value for clip, value in per_clip.items() if math.isfinite(value)}
    missing = len(per_clip) - len(finite)
    notes = [note] if note else []
    notes += [f"{missing} of {len(per_clip)} clips have no value"] if missing else []
    if not finite:
        return not_measured(name, "; ".join(notes) or "no clip to measure")
    mean = math.fsum(finite.values()) / len(finite)
    return single_number(name, mean, "; ".join(notes)).model_copy(update={"per_clip": finite})


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
