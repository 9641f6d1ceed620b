"""Hand position error: how far from its true box centre a hand is located, in pixels.

A clip's *active* hands are those that do something: the one whose boxes lie nearest to the product's, and any whose
boxes travel. A hand at rest would dilute the mean, since repeating the reference gets it right; it is reported apart.
The locator is a small network fitted in every exam (evaluation.exam.hand_locator), a stand-in for a pose detector.

Shape legend: A annotated frames of one clip, K = 2 hands (left, right), 2 = x, y.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from data.contracts import FrameBoxes
from evaluation.measuring.clip import Frames, MeasuredClip, given
from evaluation.measuring.hands import annotated_centres, box_centre
from evaluation.measuring.kinds import ClipMetric, DerivedMetric, roles

Points = NDArray[np.floating]

TRAVEL_PIXELS = 2.0  # mean distance from its mean position beyond which a hand moves
HAND = "hand_error_px_embedded_locator"


def active_hands(boxes: Mapping[int, FrameBoxes]) -> list[int]:
    """Which of 0 (left) and 1 (right) act: the one that holds the product and every one that travels."""
    frames, centres_AK2 = annotated_centres(boxes)
    products_A2 = np.array([box_centre(boxes[frame].product) for frame in frames], dtype=np.float64).reshape(-1, 2)
    distance_K = [_finite_mean(np.linalg.norm(centres_AK2[:, k] - products_A2, axis=-1)) for k in range(2)]
    holding = int(np.nanargmin(distance_K)) if np.isfinite(distance_K).any() else None
    return [k for k in range(2) if k == holding or _travel_px(centres_AK2[:, k]) > TRAVEL_PIXELS]


def hand_error_px(located_AK2: Points, true_AK2: Points, hands: Sequence[int]) -> float:
    """Mean distance in pixels of these hands over the frames where each has a box; NaN where none has.

    Raises:
        ValueError: the shapes differ.
    """
    if located_AK2.shape != true_AK2.shape:
        raise ValueError(f"located centres {located_AK2.shape} and true centres {true_AK2.shape} differ in shape")
    distances_AK = np.linalg.norm(located_AK2 - true_AK2, axis=-1)
    return _finite_mean(distances_AK[:, list(hands)])


def _finite_mean(values: Points) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else float("nan")


def _travel_px(centres_A2: Points) -> float:
    """Mean distance from the mean position; 0 for a hand without boxes."""
    seen = centres_A2[np.isfinite(centres_A2).all(axis=-1)]
    return float(np.linalg.norm(seen - seen.mean(axis=0), axis=-1).mean()) if len(seen) else 0.0


def _active_error(clip: MeasuredClip, frames_THW3: Frames) -> float:
    return _error(clip, frames_THW3, active_hands(given(clip.boxes)))


def _idle_error(clip: MeasuredClip, frames_THW3: Frames) -> float:
    acting = active_hands(given(clip.boxes))
    return _error(clip, frames_THW3, [hand for hand in range(2) if hand not in acting])


def _error(clip: MeasuredClip, frames_THW3: Frames, hands: Sequence[int]) -> float:
    annotated, true_AK2 = annotated_centres(given(clip.boxes))
    return hand_error_px(given(clip.hand_locator)(frames_THW3[annotated]), true_AK2, hands)


def _ratio(value: float, reference: float) -> float:
    return value / reference if reference else math.nan


METRICS = {
    HAND: ClipMetric(
        title="distance of the acting hand from its place (embedded locator)",
        unit="px",
        direction="lower_is_better",
        version=1,
        proxy=True,
        needs=("boxes", "hand_locator"),
        headline=True,
        measure=_active_error,
        roles=roles(
            "distance between the active hand located in the generated frames and its true box centre",
            *("prompt_shuffled", "audio_shuffled", "baseline", "ceiling"),
            truth="the same, on the true clip: the locator's own error",
        ),
    ),
    "hand_error_ratio_to_repeat": DerivedMetric(
        title="ratio of the hand error to a still picture's",
        unit="ratio",
        direction="lower_is_better",
        version=1,
        proxy=True,
        source=HAND,
        derive=lambda error: _ratio(error["model"], error["baseline"]),
        roles=roles("hand error as a share of repeating the person reference"),
    ),
    "hand_error_ratio_prompt_shuffled_to_true": DerivedMetric(
        title="rise of the hand error under another prompt",
        unit="ratio",
        direction="higher_is_better",
        version=1,
        proxy=True,
        source=HAND,
        derive=lambda error: _ratio(error["prompt_shuffled"], error["model"]),
        roles=roles("how much another clip's prompt raises the hand error; 1: the model ignores the prompt"),
    ),
    "idle_hand_error_px_embedded_locator": ClipMetric(
        title="distance of the other hand from its place (embedded locator)",
        unit="px",
        direction="lower_is_better",
        version=1,
        proxy=True,
        needs=("boxes", "hand_locator"),
        measure=_idle_error,
        roles=roles(
            "distance between the other hand located in the generated frames and its true box centre",
            *("baseline", "ceiling"),
        ),
    ),
}
