"""Hands in every frame: where they are, how many there are, what shape they have.

The part map (evaluation.recognisers.part_map) says which pixels show a hand; the studio knows it exactly. Seen pixels
go to the nearer of the two true hands, and each centre is held against the true one. A hand of which less than a
quarter is seen is missing and counts as LOST_PIXELS off. Hand pixels far from every true hand are a hand too many.

Shape legend: T frames, H W pixels, K = 2 hands (left, right).
"""

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from evaluation.measuring.clip import GENERATED, Frames, MeasuredClip, given
from evaluation.measuring.kinds import ClipMetric, DerivedMetric, Measure, roles
from evaluation.measuring.per_frame import mean, remembered, share_of_frames
from evaluation.measuring.seen import HAND, Exact

Mask = NDArray[np.bool_]
TrueHand = tuple[Mask, NDArray[np.float64]]
"""Its mask [H,W], and how far every pixel is from it."""
FEWEST_PIXELS = 16  # of a true hand, below which it is hidden
SEEN_SHARE = 0.25  # of a true hand's pixels, below which it is missing
LOST_PIXELS = 20.0
FAR_PIXELS = 5.0  # from every true hand
EXTRA_SHARE = 0.35  # of a hand's pixels, far from every true hand: one too many
OFF_PIXELS = 6.0  # half a hand in the studio's 64 pixels of width
POSITION = "hand_error_px_all_frames"


@dataclass(frozen=True)
class HandInFrame:
    """One visible true hand, and what was seen of it."""

    true_HW: Mask
    seen_HW: Mask

    @property
    def missing(self) -> bool:
        return self.seen_HW.sum() < SEEN_SHARE * self.true_HW.sum()

    @property
    def error_px(self) -> float:
        return LOST_PIXELS if self.missing else float(np.linalg.norm(_centre(self.seen_HW) - _centre(self.true_HW)))

    @property
    def shape_iou(self) -> float:
        """Intersection over union of both masks, the seen one moved onto the true one; NaN where it is missing."""
        if self.missing:
            return math.nan
        down, right = np.rint(_centre(self.true_HW) - _centre(self.seen_HW)).astype(int)
        moved_HW = np.roll(self.seen_HW, (down, right), axis=(0, 1))
        return float((moved_HW & self.true_HW).sum() / (moved_HW | self.true_HW).sum())


def position_error_px(clip: MeasuredClip, frames_THW3: Frames) -> list[float]:
    """Each generated frame's mean distance of its hands from the true ones, in pixels."""
    return [mean([hand.error_px for hand in hands]) for hands, _ in _hands(clip, frames_THW3)]


def count_wrong(clip: MeasuredClip, frames_THW3: Frames) -> list[float]:
    """1 for each generated frame with a hand too many or one missing, else 0."""
    return [
        float(any(hand.missing for hand in hands) or extra > EXTRA_SHARE) for hands, extra in _hands(clip, frames_THW3)
    ]


def shape_iou(clip: MeasuredClip, frames_THW3: Frames) -> list[float]:
    """How much each generated frame's hands have the true ones' outline, wherever they are."""
    return [mean([hand.shape_iou for hand in hands]) for hands, _ in _hands(clip, frames_THW3)]


def _hands(clip: MeasuredClip, frames_THW3: Frames) -> list[tuple[list[HandInFrame], float]]:
    return clip.once("hands", frames_THW3, partial(_all_hands, clip))


def _all_hands(clip: MeasuredClip, frames_THW3: Frames) -> list[tuple[list[HandInFrame], float]]:
    """Each generated frame's visible true hands, and how much more hand there is, as a share of one."""
    seen_THW = clip.seen(frames_THW3).kinds_THW == HAND
    true = clip.once("true_hands", given(clip.truth), lambda _: _true_hands(given(clip.exact)))
    return [_in_frame(true_hands, seen_HW) for true_hands, seen_HW in zip(true, seen_THW[GENERATED], strict=True)]


def _true_hands(exact: Exact) -> list[list[TrueHand]]:
    """Each generated frame's visible hands: mask, and how far every pixel is from it."""
    from scipy.ndimage import distance_transform_edt

    hand_THW = exact.kinds_THW == HAND
    of_frames: list[list[TrueHand]] = []
    for left_HW, right_HW in zip((exact.left_THW)[GENERATED], (hand_THW & ~exact.left_THW)[GENERATED], strict=True):
        visible = [mask_HW for mask_HW in (left_HW, right_HW) if mask_HW.sum() >= FEWEST_PIXELS]
        of_frames.append([(mask_HW, np.asarray(distance_transform_edt(~mask_HW))) for mask_HW in visible])
    return of_frames


def _in_frame(true: list[TrueHand], seen_HW: Mask) -> tuple[list[HandInFrame], float]:
    if not true:
        return [], 0.0
    distance_KHW = np.stack([distance_HW for _, distance_HW in true])
    nearest_HW, near_HW = distance_KHW.argmin(axis=0), distance_KHW.min(axis=0)
    hands = [HandInFrame(true_HW, seen_HW & (nearest_HW == k)) for k, (true_HW, _) in enumerate(true)]
    size = np.mean([true_HW.sum() for true_HW, _ in true])
    return hands, float((seen_HW & (near_HW > FAR_PIXELS)).sum() / size)


def _centre(mask_HW: Mask) -> NDArray[np.float64]:
    return np.argwhere(mask_HW).mean(axis=0)


def _metric(title: str, unit: str, description: str, measure: Measure, higher: bool = False) -> ClipMetric:
    return ClipMetric(
        title=title,
        unit=unit,
        direction="higher_is_better" if higher else "lower_is_better",
        version=1,
        needs=("truth", "exact", "recognise"),
        measure=measure,
        roles=roles(
            description,
            "prompt_shuffled",
            "baseline",
            "ceiling",
            truth="the same, on the true clip: the map's own error",
        ),
    )


POSITION_ERROR = remembered("hand_position", position_error_px)
METRICS = {
    POSITION: _metric(
        "mean distance of both hands from their places",
        "px",
        "distance of both hands from the true ones, by the part map, over all frames",
        POSITION_ERROR,
    ),
    "hand_off_frames": _metric(
        "share of frames with a hand out of place",
        "share",
        f"share of all frames whose hands are more than {OFF_PIXELS:g} px off in the mean",
        share_of_frames(POSITION_ERROR, above=OFF_PIXELS),
    ),
    "hand_count_wrong_frames": _metric(
        "share of frames with a hand too many or missing",
        "share",
        "share of all frames with a hand too many or one missing",
        count_wrong,
    ),
    "hand_shape_iou_all_frames": _metric(
        "outline of the hands",
        "IoU",
        "outline of the hands against the true ones', moved onto them",
        shape_iou,
        higher=True,
    ),
    "hand_error_all_frames_prompt_shuffled_to_true": DerivedMetric(
        title="rise of both hands' distance under another prompt",
        unit="ratio",
        direction="higher_is_better",
        version=1,
        source=POSITION,
        derive=lambda error: error["prompt_shuffled"] / error["model"] if error["model"] else math.nan,
        roles=roles("how much another clip's prompt raises the hand error of all frames; 1: the prompt is ignored"),
    ),
}
