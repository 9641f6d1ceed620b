"""Face, clothes and background stay the person reference's, in every frame: distance in Lab where nothing moves.

Measured at every pixel of every frame that truly shows the person reference unchanged (evaluation.measuring.still),
against the true clip. Another face, a face upside down, noise, drift or flicker in any frame raises it, whatever the
hands do. Beside the mean over frames stands the share of frames that are wrong: further from the truth than SEEN, which
a person notices. Only the studio has clips of which this is known.

Shape legend: T frames, H W pixels.
"""

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from evaluation.measuring.clip import GENERATED, Frames, MeasuredClip, given
from evaluation.measuring.kinds import ClipMetric, roles
from evaluation.measuring.per_frame import mean_of_frames, share_of_frames
from evaluation.measuring.seen import BACKGROUND, BODY, FACE, HAIR
from evaluation.measuring.still import cells, lab_error, mean_inside, still_pixels, whole_cells

REGIONS = {"face": (FACE, HAIR), "clothes": (BODY,), "background": (BACKGROUND,)}
SEEN = {"face": 14.0, "clothes": 14.0, "background": 12.0}  # Lab, mean of a frame's region


def region_error(clip: MeasuredClip, frames_THW3: Frames, region: str) -> list[float]:
    """Mean distance in Lab of each generated frame in this region."""
    return mean_inside(lab_error(clip, frames_THW3)[GENERATED], _inside(clip, region)[GENERATED])


def flicker(clip: MeasuredClip, frames_THW3: Frames) -> list[float]:
    """Mean change in Lab of the still cells, from each generated frame to the next."""
    cells_Thw3 = cells(frames_THW3[GENERATED])
    still_Thw = whole_cells(still_pixels(clip)[GENERATED])
    change_Thw = np.linalg.norm(np.diff(cells_Thw3, axis=0), axis=-1)
    both_Thw = still_Thw[1:] & still_Thw[:-1]
    return [
        float(change[both].mean()) if both.any() else math.nan
        for change, both in zip(change_Thw, both_Thw, strict=True)
    ]


def _inside(clip: MeasuredClip, region: str) -> NDArray[np.bool_]:
    return still_pixels(clip) & np.isin(given(clip.exact).kinds_THW, REGIONS[region])


def _error(region: str, where: str) -> ClipMetric:
    return ClipMetric(
        unit="Lab",
        direction="lower_is_better",
        version=1,
        needs=("truth", "person", "exact"),
        measure=mean_of_frames(partial(region_error, region=region)),
        roles=roles(
            f"distance of {where} from the person reference, where they stand still, mean over all frames",
            *("person_shuffled", "baseline", "ceiling"),
        ),
    )


def _wrong(region: str, where: str) -> ClipMetric:
    return ClipMetric(
        unit="share",
        direction="lower_is_better",
        version=1,
        needs=("truth", "person", "exact"),
        measure=share_of_frames(partial(region_error, region=region), above=SEEN[region]),
        roles=roles(f"share of all frames in which {where} are further than {SEEN[region]:g} Lab off", "ceiling"),
    )


PLACES = {"face": "face and hair", "clothes": "clothes", "background": "wall and table"}
METRICS = {
    **{f"{region}_error_lab_all_frames": _error(region, where) for region, where in PLACES.items()},
    **{f"{region}_wrong_frames": _wrong(region, where) for region, where in PLACES.items()},
    "flicker_lab_all_frames": ClipMetric(
        unit="Lab",
        direction="lower_is_better",
        version=1,
        needs=("truth", "person"),
        measure=mean_of_frames(flicker),
        roles=roles("change of what stands still from frame to frame, mean over all frames", "ceiling", "truth"),
    ),
}
