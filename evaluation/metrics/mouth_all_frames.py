"""The mouth in every frame, against the true mouth: how far it is off, and how late it is.

The opening is read by ridge regression (evaluation.recognisers.mouths); the studio knows the true one, which follows
the sound. Lateness is where the two fit best when one is shifted, in parts of a frame (a parabola through the three
best). Frames in which a hand or the product truly covers the face do not count for the error.

Shape legend: T frames.
"""

import math

import numpy as np
from numpy.typing import NDArray

from evaluation.measuring.clip import GENERATED, Frames, MeasuredClip, given
from evaluation.measuring.kinds import ClipMetric, DerivedMetric, Measure, roles

Series = NDArray[np.floating]

MOST_FRAMES = 6  # late or early
COVERED = 0.03  # of the face box: beyond it the mouth may be hidden
FEWEST_FRAMES = 16  # that overlap after the shift
FOLLOWS = "mouth_follows_truth"


def opening_error(clip: MeasuredClip, frames_THW3: Frames) -> list[float]:
    """Distance of each generated frame's opening from the true one, NaN where the face is covered."""
    error_T = np.abs(clip.seen(frames_THW3).mouth_T - given(clip.exact).mouth_T)
    return [float(x) for x in np.where(_open_to_view(clip), error_T, np.nan)[GENERATED]]


def correlation_with_truth(clip: MeasuredClip, frames_THW3: Frames) -> float:
    """Pearson's r of seen and true opening; 0 where the mouth never moves, NaN where the true one does not."""
    return _correlation(clip, frames_THW3, 0)


def frames_off(clip: MeasuredClip, frames_THW3: Frames) -> float:
    """How many frames the mouth is late or early, as an absolute number; MOST_FRAMES where nothing fits."""
    shifts = range(-MOST_FRAMES, MOST_FRAMES + 1)
    fit = np.array([_correlation(clip, frames_THW3, shift) for shift in shifts])
    if not np.isfinite(fit).all():
        return math.nan
    best = int(fit.argmax())
    if fit[best] <= 0:
        return float(MOST_FRAMES)
    return abs(best - MOST_FRAMES + _peak(fit, best))


def _peak(fit: Series, best: int) -> float:
    """How far from the best of equally spaced values a parabola through it and its neighbours has its top."""
    if not 0 < best < len(fit) - 1:
        return 0.0
    before, here, after = fit[best - 1 : best + 2]
    bend = before - 2 * here + after
    return float(0.5 * (before - after) / bend) if bend < 0 else 0.0


def _correlation(clip: MeasuredClip, frames_THW3: Frames, late: int) -> float:
    """Of the openings, the seen one taken `late` frames later; both only where the face is open to view."""
    seen_T, true_T = clip.seen(frames_THW3).mouth_T[GENERATED], given(clip.exact).mouth_T[GENERATED]
    open_T = _open_to_view(clip)[GENERATED]
    at_T = np.arange(len(true_T))
    at_T = at_T[open_T & (at_T + late >= 0) & (at_T + late < len(true_T))]
    at_T = at_T[open_T[at_T + late]]
    if len(at_T) < FEWEST_FRAMES:
        return math.nan
    a, b = (x - x.mean() for x in (seen_T[at_T + late], true_T[at_T]))
    if np.linalg.norm(b) < 1e-6:
        return math.nan
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b))) if np.linalg.norm(a) > 1e-6 else 0.0


def _open_to_view(clip: MeasuredClip) -> NDArray[np.bool_]:
    """In which frames [T] hardly anything truly covers the face."""
    return given(clip.exact).covered_T <= COVERED


def _metric(title: str, unit: str, description: str, measure: Measure, higher: bool = False) -> ClipMetric:
    return ClipMetric(
        title=title,
        unit=unit,
        direction="higher_is_better" if higher else "lower_is_better",
        version=1,
        needs=("exact", "recognise"),
        measure=measure,
        roles=roles(
            description,
            *("audio_shuffled", "baseline", "ceiling"),
            truth="the same, on the true clip: the mouth reader's own error",
        ),
    )


METRICS = {
    "mouth_opening_error_all_frames": _metric(
        "error of the mouth's opening",
        "share",
        "distance of the mouth's opening (0 closed, 1 wide) from the true one, all frames",
        opening_error,
    ),
    "mouth_frames_late": _metric(
        "lateness or earliness of the mouth",
        "frames",
        "frames by which the mouth is late or early, against the true one",
        frames_off,
    ),
    FOLLOWS: _metric(
        "agreement of the mouth with the true one",
        "Pearson r",
        "correlation of the mouth's opening with the true one",
        correlation_with_truth,
        True,
    ),
    "mouth_follows_truth_lost_by_shuffling": DerivedMetric(
        title="agreement with the true mouth lost under another sound",
        unit="Pearson r",
        direction="higher_is_better",
        version=1,
        source=FOLLOWS,
        derive=lambda correlation: correlation["model"] - correlation["audio_shuffled"],
        roles=roles("correlation lost when another clip's audio is given; 0: the audio is ignored"),
    ),
}
