"""Does the picture have the true clip's structure: which pixels are body, face, hair, hand, product, background?

The part map's answer against the studio's exact masks, in every frame: mean intersection over union of the kinds.

Shape legend: T frames, H W pixels.
"""

import numpy as np

from evaluation.measuring.clip import GENERATED, Frames, MeasuredClip, given
from evaluation.measuring.kinds import ClipMetric, roles
from evaluation.measuring.seen import KINDS


def agreement(clip: MeasuredClip, frames_THW3: Frames) -> list[float]:
    """Mean IoU over the kinds that each generated frame truly shows."""
    seen_THW, true_THW = clip.seen(frames_THW3).kinds_THW[GENERATED], given(clip.exact).kinds_THW[GENERATED]
    values: list[float] = []
    for seen, true in zip(seen_THW, true_THW, strict=True):
        shown = [kind for kind in range(len(KINDS)) if (true == kind).any()]
        iou = [((seen == kind) & (true == kind)).sum() / ((seen == kind) | (true == kind)).sum() for kind in shown]
        values.append(float(np.mean(iou)))
    return values


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
