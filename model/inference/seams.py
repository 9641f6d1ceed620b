"""Does a chain flicker where two clips meet? How much the picture changes across each seam, and inside the clips.

The difference of two frames is the mean of |change| over pixels and colours, in levels of 8 bits. A seam is compared
with the changes inside the clips, and with those of them that lie, as a seam does, between two latent frames: a codec
of four frames to a latent can change more there.

Shape legend: C = 3 colours, T frames, H W pixels.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel
from torch import Tensor

from model.conditioning.latent_codec import TIME_STRIDE

LEVELS = 127.5  # of 8 bits in one unit of pixels that go from -1 to 1


class Seam(BaseModel, frozen=True, extra="forbid"):
    """Where two clips meet."""

    after_frames: int  # the first frame of the new clip, counted from 0
    difference: float  # levels
    of_median: float  # times the median difference inside the clips
    larger_inside: float  # share of the differences inside the clips that are larger


class SeamReport(BaseModel, frozen=True, extra="forbid"):
    """All seams of one video; differences in levels of 8 bits."""

    frames: int
    inside_median: float
    inside_largest: float
    inside_median_between_latents: float
    seams: list[Seam]


def measure_seams(video_CTHW: Tensor, frames_per_clip: int) -> SeamReport:
    """The video's seams, one behind every `frames_per_clip` frames but the last."""
    differences_T = frame_differences(video_CTHW)  # entry t: frame t to t + 1
    at = np.arange(1, len(differences_T) + 1)  # the frame that is changed to
    is_seam = at % frames_per_clip == 0
    inside = differences_T[~is_seam]
    median = float(np.median(inside))
    return SeamReport(
        frames=len(differences_T) + 1,
        inside_median=median,
        inside_largest=float(inside.max()),
        inside_median_between_latents=_median(differences_T[~is_seam & (at % TIME_STRIDE == 0)]),
        seams=[_seam(int(frame), float(differences_T[frame - 1]), inside, median) for frame in at[is_seam]],
    )


def frame_differences(video_CTHW: Tensor) -> NDArray[np.float64]:
    """Mean absolute change from each frame to the next, in levels of 8 bits: T - 1 numbers."""
    change = (video_CTHW[:, 1:] - video_CTHW[:, :-1]).abs().mean(dim=(0, 2, 3))
    return LEVELS * change.double().cpu().numpy()


def in_words(report: SeamReport) -> Sequence[str]:
    """One line a seam, for people."""
    inside = f"inside the clips {report.inside_median:.2f} (median), {report.inside_largest:.2f} (largest)"
    return [
        f"seam at frame {seam.after_frames}: change of {seam.difference:.2f} levels, {inside}" for seam in report.seams
    ]


def _seam(frame: int, difference: float, inside: NDArray[np.float64], median: float) -> Seam:
    return Seam(
        after_frames=frame,
        difference=difference,
        of_median=difference / max(median, 1e-9),
        larger_inside=float((inside > difference).mean()),
    )


def _median(values: NDArray[np.float64]) -> float:
    return float(np.median(values)) if len(values) else 0.0
