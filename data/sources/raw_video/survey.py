"""One look at a whole file: its shots, how sharp it is and how much moves, moment by moment, and where speech is.

Every frame is decoded once, and small: what is kept of an hour are a few numbers a frame.
"""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.sources.raw_video import FootageRules
from data.sources.raw_video.speech import speech_windows
from foundation.footage import Footage, Upright
from foundation.media_files import MediaError
from foundation.video_frames import Frames

# N frames as decoded, S samples of sound, M 32 ms windows of it
Floats = NDArray[np.float32]

SMALL, SHARP = 64, 360  # shorter side in pixels: for differences, for sharpness
LOOK_SECONDS = 0.2  # between two looks at the sharpness
CUT_NEIGHBOURS = 4  # frames on each side that a cut must stand out from


@dataclass(frozen=True)
class Survey:
    """What was seen in one file."""

    seconds_N: Floats  # when each frame appears
    ends: float  # seconds at which the last frame ends
    difference_N: Floats  # mean colour difference to the frame before, in levels of 0..255; 0 for the first
    sharpness_N: Floats  # variance of the Laplacian, of the last look at it
    speech_M: Floats  # probability of speech

    def save(self, file: Path) -> None:
        """Keep it, so that an interrupted delivery need not look again."""
        temporary = file.with_suffix(".part.npz")
        fields = {name: value for name, value in vars(self).items() if name != "ends"}
        np.savez(temporary, ends=np.array(self.ends), allow_pickle=False, **fields)
        temporary.replace(file)

    @staticmethod
    def load(file: Path) -> "Survey":
        with np.load(file, allow_pickle=False) as kept:
            return Survey(ends=float(kept["ends"]), **{name: kept[name] for name in kept.files if name != "ends"})


def look_through(video: Footage, samples_S: Floats) -> Survey:
    """Look at a file from its first frame to its last, and listen to its sound (16 kHz, in step).

    Raises:
        MediaError: it cannot be used as a whole; the message is the reason.
    """
    declared = video.shown().frames
    small, sharp = Upright(SMALL, video.path), Upright(SHARP, video.path)
    seconds: list[float] = []
    differences: list[float] = []
    sharpness: list[float] = []
    before, looked = None, -LOOK_SECONDS
    for timed in video.frames():
        picture = small.picture(timed)
        differences.append(0.0 if before is None else colour_difference(before, picture))
        if timed.seconds - looked >= LOOK_SECONDS - 1e-6:
            looked = timed.seconds
            sharpness.append(laplacian_variance(sharp.picture(timed, "gray")))
        else:
            sharpness.append(sharpness[-1])
        seconds.append(timed.seconds)
        before = picture
    if len(seconds) < max(2, declared):
        reason = "damaged" if len(seconds) < declared else "too_short"
        raise MediaError(video.path, reason, f"has {len(seconds)} frames and declares {declared}: deliver it again")
    lasts = float(np.median(np.diff(seconds)))
    as_array = [np.array(values, np.float32) for values in (seconds, differences, sharpness)]
    return Survey(as_array[0], seconds[-1] + lasts, as_array[1], as_array[2], speech_windows(samples_S))


def shots(survey: Survey, rules: FootageRules) -> list[tuple[float, float]]:
    """(first second, last second) of every shot: between frames that differ far more than those around them.

    A whole scene that moves fast differs much from frame to frame, but everywhere; a cut stands alone. Dissolves are
    not found.
    """
    cuts = [float(survey.seconds_N[at]) for at in range(1, len(survey.seconds_N)) if _is_cut(survey, at, rules)]
    edges = [0.0, *cuts, survey.ends]
    return list(pairwise(edges))


def sharpness_between(survey: Survey, first: float, last: float) -> float:
    """Median variance of the Laplacian."""
    return float(np.median(survey.sharpness_N[_between(survey, first, last)]))


def movement_between(survey: Survey, first: float, last: float) -> float:
    """Mean colour difference in 1/25 second."""
    total = survey.difference_N[_between(survey, first, last)][1:].sum()
    return float(total / ((last - first) * 25))


def laplacian_variance(luma_HW: Frames) -> float:
    """How much fine detail a picture has; falls with the square of the blur."""
    x_HW = luma_HW.astype(np.float32)
    middle_HW = x_HW[1:-1, 1:-1]
    laplacian_HW = x_HW[:-2, 1:-1] + x_HW[2:, 1:-1] + x_HW[1:-1, :-2] + x_HW[1:-1, 2:] - 4 * middle_HW
    return float(laplacian_HW.var())


def colour_difference(before: Frames, picture: Frames) -> float:
    """Mean absolute difference of two small pictures, in levels of 0..255."""
    if before.shape != picture.shape:
        return 255.0  # the size changed in the middle of the file: a cut
    return float(np.abs(before.astype(np.int16) - picture).mean())


def _is_cut(survey: Survey, at: int, rules: FootageRules) -> bool:
    here = float(survey.difference_N[at])
    if here < rules.cut_difference:
        return False
    around = np.r_[
        survey.difference_N[max(1, at - CUT_NEIGHBOURS) : at], survey.difference_N[at + 1 :][:CUT_NEIGHBOURS]
    ]
    return here >= rules.cut_ratio * float(np.mean(around)) if len(around) else True


def _between(survey: Survey, first: float, last: float) -> NDArray[np.bool_]:
    return (survey.seconds_N >= first - 1e-4) & (survey.seconds_N < last - 1e-4)
