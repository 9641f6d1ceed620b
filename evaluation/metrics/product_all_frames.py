"""The product in every frame: its place and outline, its turn, its colours, and whose it is.

Place, outline and turn by the part map against the exact mask; colours against the true clip, at the pixels that truly
show the product; and whether those are nearer to the own product than to any other held-out one, by the descriptor of
`product_retrieval`. A product of other colours, upside down, swapped or absent in any frame shows.

Shape legend: T frames, H W pixels, D descriptor.
"""

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from evaluation.measuring.clip import GENERATED, Frames, MeasuredClip, given
from evaluation.measuring.colour import quick_lab
from evaluation.measuring.kinds import ClipMetric, DerivedMetric, Measure, Role, roles
from evaluation.measuring.per_frame import mean, remembered, share_of_frames
from evaluation.measuring.product_colours import describe
from evaluation.measuring.seen import PRODUCT
from evaluation.measuring.still import lab_error, mean_inside

Mask = NDArray[np.bool_]
Look = NDArray[np.float64]  # [D]
Looks = dict[int, list[tuple[str, Look]]]
"""Frame -> the products that the true clips show there, and what they look like."""
FEWEST_PIXELS = 20
LONG = 1.25  # how much longer than wide an outline is that has a turn
WRONG_LAB = 45.0  # mean of a frame's product; a person calls it another colour
COLOUR = "product_error_lab_all_frames"
EVERY_OTHER = 2  # frames between two that are told apart: it takes longest, and a product does not change at once


def colour_error(clip: MeasuredClip, frames_THW3: Frames) -> list[float]:
    """Mean distance in Lab of each generated frame where the product truly is."""
    return mean_inside(lab_error(clip, frames_THW3)[GENERATED], _true(clip)[GENERATED])


def mask_iou(clip: MeasuredClip, frames_THW3: Frames) -> list[float]:
    """Intersection over union of the product's seen and true mask in each generated frame."""
    seen_THW, true_THW = clip.seen(frames_THW3).kinds_THW == PRODUCT, _true(clip)
    both, either = ((mask[GENERATED]).sum(axis=(1, 2)) for mask in (seen_THW & true_THW, seen_THW | true_THW))
    return [float(b / e) if e >= FEWEST_PIXELS else math.nan for b, e in zip(both, either, strict=True)]


def turn_error(clip: MeasuredClip, frames_THW3: Frames) -> list[float]:
    """Degrees between the long axes of the seen and the true mask; NaN where one has none."""
    seen_THW, true_THW = clip.seen(frames_THW3).kinds_THW == PRODUCT, _true(clip)
    return [
        abs((_turn(seen) - _turn(true) + 90) % 180 - 90)
        for seen, true in zip(seen_THW[GENERATED], true_THW[GENERATED], strict=True)
    ]


def _true(clip: MeasuredClip) -> Mask:
    return given(clip.exact).kinds_THW == PRODUCT


def _turn(mask_HW: Mask) -> float:
    """Of the long axis, in degrees; NaN for a mask that is small or round."""
    places_N2 = np.argwhere(mask_HW).astype(np.float64)
    if len(places_N2) < FEWEST_PIXELS:
        return math.nan
    values_2, axes_22 = np.linalg.eigh(np.cov(places_N2.T))
    if values_2[1] < LONG**2 * values_2[0]:
        return math.nan
    return float(np.degrees(np.arctan2(axes_22[0, 1], axes_22[1, 1])))


def _recognised(clips: Sequence[MeasuredClip]) -> Measure:
    """Share of frames whose product is nearer to its own true look than to other products', in the same frame."""
    looks: Looks = {}
    for clip in clips:
        for frame, look_D in _descriptions(clip, given(clip.truth)).items():
            looks.setdefault(frame, []).append((clip.product_id, look_D))
    return partial(_share_recognised, looks=looks)


def _share_recognised(clip: MeasuredClip, frames_THW3: Frames, looks: Looks) -> float:
    return mean(
        [
            _is_own(clip.product_id, look_D, looks.get(frame, []))
            for frame, look_D in _descriptions(clip, frames_THW3).items()
        ]
    )


def _is_own(product_id: str, look_D: Look, looks: Sequence[tuple[str, Look]]) -> float:
    if not looks:
        return math.nan
    distances_N = np.abs(look_D - np.stack([known_D for _, known_D in looks])).sum(axis=1)
    return float(looks[int(distances_N.argmin())][0] == product_id)


def _descriptions(clip: MeasuredClip, frames_THW3: Frames) -> dict[int, Look]:
    true_THW = _true(clip)
    shown = [frame for frame in range(1, len(true_THW), EVERY_OTHER) if true_THW[frame].sum() >= FEWEST_PIXELS]
    lab_THW3 = clip.once("video_lab", frames_THW3, quick_lab)
    return {frame: _described(lab_THW3[frame], true_THW[frame]) for frame in shown}


def _described(lab_HW3: NDArray[np.float32], mask_HW: Mask) -> Look:
    rows, columns = np.nonzero(mask_HW)
    cut = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
    return describe(lab_HW3[cut], mask_HW[cut].astype(np.float64))


def _metric(title: str, unit: str, description: str, measure: Measure, *own: Role, higher: bool = False) -> ClipMetric:
    return ClipMetric(
        title=title,
        unit=unit,
        direction="higher_is_better" if higher else "lower_is_better",
        version=1,
        needs=("truth", "exact", "recognise"),
        measure=measure,
        roles=roles(
            description, *own, "baseline", "ceiling", truth="the same, on the true clip: the judge's own error"
        ),
    )


COLOUR_ERROR = remembered("product_error", colour_error)
METRICS = {
    COLOUR: _metric(
        "colour error of the product",
        "Lab",
        "distance of the colours from the true clip's where the product is, mean over all frames",
        COLOUR_ERROR,
        "product_shuffled",
    ),
    "product_wrong_frames": _metric(
        "share of frames with the product in wrong colours",
        "share",
        f"share of all frames whose product is more than {WRONG_LAB:g} Lab off",
        share_of_frames(COLOUR_ERROR, above=WRONG_LAB),
    ),
    "product_mask_iou_all_frames": _metric(
        "outline of the product",
        "IoU",
        "outline of the product by the part map against the true one",
        mask_iou,
        higher=True,
    ),
    "product_turn_error_degrees": _metric(
        "error of the product's turn", "degrees", "turn of the product's long axis against the true one's", turn_error
    ),
    "product_recognised_frames": ClipMetric(
        title="share of frames in which the product is recognised",
        unit="share",
        direction="higher_is_better",
        version=1,
        needs=("truth", "exact"),
        fewest_clips=2,
        prepare=_recognised,
        roles=roles(
            "share of frames whose product is nearest to its own true look among all held-out clips'",
            *("product_shuffled", "baseline", "ceiling"),
        ),
    ),
    "product_recognised_lost_by_shuffling": DerivedMetric(
        title="share of frames with the product lost under another product",
        unit="share",
        direction="higher_is_better",
        version=1,
        source="product_recognised_frames",
        derive=lambda share: share["model"] - share["product_shuffled"],
        roles=roles(
            "frames with the own product lost when another clip's product picture is given; 0: it is ignored, and the "
            "prompt alone says what is held"
        ),
    ),
}
