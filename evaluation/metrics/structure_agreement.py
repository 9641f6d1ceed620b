"""Does the picture have the true clip's structure: which pixels are body, face, hair, hand, product, background?

The part map's answer against the studio's exact masks, in every frame: mean intersection over union of the kinds.

Shape legend: T frames, H W pixels.
"""

import numpy as np
from numpy.typing import NDArray

from evaluation.measuring.clip import GENERATED, Frames, MeasuredClip, given
from evaluation.measuring.kinds import ClipMetric, roles
from evaluation.measuring.seen import KINDS


def agreement(clip: MeasuredClip, frames_THW3: Frames) -> list[float]:
    """Mean IoU over the kinds that each generated frame truly shows."""
    seen_THW, true_THW = clip.seen(frames_THW3).kinds_THW[GENERATED], given(clip.exact).kinds_THW[GENERATED]
    return [_mean_iou(seen_HW, true_HW) for seen_HW, true_HW in zip(seen_THW, true_THW, strict=True)]


def _mean_iou(seen_HW: NDArray[np.uint8], true_HW: NDArray[np.uint8]) -> float:
    count = len(KINDS)
    pairs_KK = np.bincount((true_HW * np.uint8(count) + seen_HW).ravel(), minlength=count**2).reshape(count, count)
    true_K, seen_K, both_K = pairs_KK.sum(axis=1), pairs_KK.sum(axis=0), pairs_KK.diagonal()
    shown_K = true_K > 0
    return float(np.mean(both_K[shown_K] / (true_K + seen_K - both_K)[shown_K]))


METRICS = {
    "structure_iou_all_frames": ClipMetric(
        title="agreement of all parts' outlines",
        unit="IoU",
        direction="higher_is_better",
        version=1,
        needs=("exact", "recognise"),
        measure=agreement,
        roles=roles(
            "which pixels are body, face, hair, hand, product and background, by the part map, against the true ones",
            *("prompt_shuffled", "baseline", "ceiling"),
            truth="the same, on the true clip: the part map's own error",
        ),
    )
}
