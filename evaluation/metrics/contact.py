"""Hand and product in touch: the gap between them, and how much of the product the hand covers, in every frame.

By the part map, against the studio's exact masks, in pixels of the picture: depth is not seen. A gap where the true
hand touches is a product that floats; a cover that is not the true one is a hand inside the product, or behind it.

Shape legend: T frames, H W pixels.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from evaluation.measuring.clip import GENERATED, Frames, MeasuredClip, given
from evaluation.measuring.kinds import ClipMetric, Measure, roles
from evaluation.measuring.seen import HAND, PRODUCT

Kinds = NDArray[np.uint8]
FEWEST_PIXELS = 12
NO_CONTACT_PIXELS = 20.0  # where hand or product is not to be seen at all


def gap_error_px(clip: MeasuredClip, frames_THW3: Frames) -> list[float]:
    """How much wider each generated frame's gap between product and nearest hand is than the true one, in pixels."""
    gaps = _seen_and_true(clip, frames_THW3, "gap", _gap)
    return [
        math.nan if true is None else abs((NO_CONTACT_PIXELS if seen is None else seen) - true) for seen, true in gaps
    ]


def cover_error(clip: MeasuredClip, frames_THW3: Frames) -> list[float]:
    """Difference of the share of the product's outline that a hand covers from the true share."""
    shares = _seen_and_true(clip, frames_THW3, "cover", _cover)
    return [math.nan if true is None else abs((0.0 if seen is None else seen) - true) for seen, true in shares]


def _seen_and_true(
    clip: MeasuredClip, frames_THW3: Frames, name: str, of_frame: Callable[[Kinds], float | None]
) -> list[tuple[float | None, float | None]]:
    """A number of each generated frame, as seen and as it truly is."""
    true_THW, seen_THW = given(clip.exact).kinds_THW, clip.seen(frames_THW3).kinds_THW
    true = clip.once(f"true {name}", true_THW, lambda kinds_THW: [of_frame(kinds) for kinds in kinds_THW[GENERATED]])
    return list(zip(map(of_frame, seen_THW[GENERATED]), true, strict=True))


def _gap(kinds_HW: Kinds) -> float | None:
    from scipy.ndimage import binary_dilation, distance_transform_edt

    hand_HW, product_HW = kinds_HW == HAND, kinds_HW == PRODUCT
    if min(hand_HW.sum(), product_HW.sum()) < FEWEST_PIXELS:
        return None
    if (binary_dilation(hand_HW) & product_HW).any():  # nearly always, and much faster
        return 0.0
    return float(np.asarray(distance_transform_edt(~hand_HW))[product_HW].min()) - 1


def _cover(kinds_HW: Kinds) -> float | None:
    """Share of the box around the product that shows a hand."""
    rows, columns = np.nonzero(kinds_HW == PRODUCT)
    if len(rows) < FEWEST_PIXELS:
        return None
    box_HW = kinds_HW[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    return float((box_HW == HAND).mean())


def _metric(title: str, unit: str, description: str, measure: Measure) -> ClipMetric:
    return ClipMetric(
        title=title,
        unit=unit,
        direction="lower_is_better",
        version=1,
        needs=("exact", "recognise"),
        measure=measure,
        roles=roles(description, "baseline", "ceiling", truth="the same, on the true clip: the part map's own error"),
    )


METRICS = {
    "contact_gap_error_px": _metric(
        "error of the gap between hand and product",
        "px",
        "gap between product and hand, against the true one, over all frames",
        gap_error_px,
    ),
    "contact_cover_error": _metric(
        "error of how much of the product the hand covers",
        "share",
        "share of the product that a hand covers, against the true one, over all frames",
        cover_error,
    ),
}
