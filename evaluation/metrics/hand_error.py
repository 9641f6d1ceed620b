"""Hand position error: how far from its true box centre a hand is found, in pixels.

A clip's *active* hands are those that do something: the one whose boxes lie nearest to the product's, and any whose
boxes travel. A hand at rest would dilute the mean, since repeating the reference gets it right; it is reported apart.

Shape legend: A annotated frames of one clip, K = 2 hands (left, right), 2 = x, y.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from data.contracts import FrameBoxes
from foundation.clip_format import Box

Points = NDArray[np.floating]

TRAVEL_PIXELS = 2.0  # mean distance from its mean position beyond which a hand moves


def annotated_centres(boxes: Mapping[int, FrameBoxes]) -> tuple[list[int], NDArray[np.float64]]:
    """The annotated frames in order, and hand centres [A,K,2] in pixels; NaN where a hand has no box."""
    frames = sorted(boxes)
    centres = [[_centre(boxes[frame].left_hand), _centre(boxes[frame].right_hand)] for frame in frames]
    return frames, np.array(centres, dtype=np.float64).reshape(len(frames), 2, 2)


def active_hands(boxes: Mapping[int, FrameBoxes]) -> list[int]:
    """Which of 0 (left) and 1 (right) act: the one that holds the product and every one that travels."""
    frames, centres_AK2 = annotated_centres(boxes)
    products_A2 = np.array([_centre(boxes[frame].product) for frame in frames], dtype=np.float64).reshape(-1, 2)
    distance_K = [_finite_mean(np.linalg.norm(centres_AK2[:, k] - products_A2, axis=-1)) for k in range(2)]
    holding = int(np.nanargmin(distance_K)) if np.isfinite(distance_K).any() else None
    return [k for k in range(2) if k == holding or _travel_px(centres_AK2[:, k]) > TRAVEL_PIXELS]


def hand_error_px(found_AK2: Points, true_AK2: Points, hands: Sequence[int]) -> float:
    """Mean distance in pixels of these hands over the frames where each has a box; NaN where none has.

    Raises:
        ValueError: the shapes differ.
    """
    if found_AK2.shape != true_AK2.shape:
        raise ValueError(f"found centres {found_AK2.shape} and true centres {true_AK2.shape} differ in shape")
    distances_AK = np.linalg.norm(found_AK2 - true_AK2, axis=-1)
    return _finite_mean(distances_AK[:, list(hands)])


def _centre(box: Box | None) -> tuple[float, float]:
    return ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2) if box else (float("nan"), float("nan"))


def _finite_mean(values: Points) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if finite.size else float("nan")


def _travel_px(centres_A2: Points) -> float:
    """Mean distance from the mean position; 0 for a hand without boxes."""
    seen = centres_A2[np.isfinite(centres_A2).all(axis=-1)]
    return float(np.linalg.norm(seen - seen.mean(axis=0), axis=-1).mean()) if len(seen) else 0.0
