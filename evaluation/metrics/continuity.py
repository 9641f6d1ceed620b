"""No cut, no seam, no frozen frame: how much the picture changes from frame to frame, against the true clip.

The change is the mean distance in Lab of cells of 8 x 8 pixels. A cut or a seam between chained clips changes far more
than the true clip does at that moment; a frozen frame changes by nothing where the true clip moves.

Shape legend: T frames, h w cells.
"""

import numpy as np
from numpy.typing import NDArray

from evaluation.measuring.clip import GENERATED, Frames, MeasuredClip, given
from evaluation.measuring.kinds import ClipMetric, Measure, roles
from evaluation.measuring.per_frame import share_of_frames, worst_of_frames
from evaluation.measuring.still import cells

CUT_LAB = 5.0  # more change than the true clip's, mean of all cells
MOVES_LAB = 0.15  # mean change of all cells below which a true frame stands still
FROZEN_SHARE = 0.1  # of the true change


def jump(clip: MeasuredClip, frames_THW3: Frames) -> list[float]:
    """How much more than the true clip the picture changes, from each generated frame to the next, in Lab."""
    return [float(x) for x in _change(clip, frames_THW3) - _change(clip, given(clip.truth))]


def frozen(clip: MeasuredClip, frames_THW3: Frames) -> list[float]:
    """1 where the picture does not change though the true clip does, else 0; NaN where the true one stands still."""
    true_D = _change(clip, given(clip.truth))
    stuck_D = _change(clip, frames_THW3) < FROZEN_SHARE * true_D
    return [float(x) for x in np.where(true_D > MOVES_LAB, stuck_D, np.nan)]


def _change(clip: MeasuredClip, frames_THW3: Frames) -> NDArray[np.float64]:
    return clip.once("change", frames_THW3, _changes)


def _changes(frames_THW3: Frames) -> NDArray[np.float64]:
    return np.linalg.norm(np.diff(cells(frames_THW3[GENERATED]), axis=0), axis=-1).mean(axis=(1, 2))


def _metric(title: str, unit: str, description: str, measure: Measure) -> ClipMetric:
    return ClipMetric(
        title=title,
        unit=unit,
        direction="lower_is_better",
        version=1,
        needs=("truth",),
        measure=measure,
        roles=roles(description, "baseline", "ceiling"),
    )


METRICS = {
    "worst_jump_lab": _metric(
        "greatest jump between two frames",
        "Lab",
        "greatest change from one frame to the next beyond the true clip's, worst frame",
        worst_of_frames(jump),
    ),
    "cut_frames": _metric(
        "share of frames that jump",
        "share",
        f"share of all frames that change by more than {CUT_LAB:g} Lab beyond the true clip",
        share_of_frames(jump, above=CUT_LAB),
    ),
    "frozen_frames": _metric(
        "share of frames that stand still",
        "share",
        "share of all frames that stand still where the true clip moves",
        frozen,
    ),
}
