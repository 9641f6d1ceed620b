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
from evaluation.measuring.colour import quick_lab
from evaluation.measuring.kinds import ClipMetric, roles
from evaluation.measuring.per_frame import PerFrame, remembered, share_of_frames
from evaluation.measuring.seen import BACKGROUND, BODY, FACE, HAIR, HAND
from evaluation.measuring.still import FEWEST_PIXELS, cells, lab_error, mean_inside, still_pixels, whole_cells

REGIONS = {"face": (FACE, HAIR), "clothes": (BODY,), "background": (BACKGROUND,)}
SEEN = {"face": 14.0, "clothes": 14.0, "background": 12.0}  # Lab, mean of a frame's region

OTHER_SLEEVES = 25.0  # Lab, of the arms' median colour: sleeves or skin of somebody else


def region_error(clip: MeasuredClip, frames_THW3: Frames, region: str) -> list[float]:
    """Mean distance in Lab of each generated frame in this region."""
    inside_THW = clip.once(f"inside {region}", given(clip.truth), lambda _: _inside(clip, region))
    return mean_inside(lab_error(clip, frames_THW3)[GENERATED], inside_THW[GENERATED])


def limbs_error(clip: MeasuredClip, frames_THW3: Frames) -> list[float]:
    """Mean distance in Lab of each generated frame where hands and arms truly are: place, outline and colour."""
    limbs_THW = (given(clip.exact).kinds_THW == HAND) | _arms(clip)
    return mean_inside(lab_error(clip, frames_THW3)[GENERATED], limbs_THW[GENERATED])


def sleeves_off(clip: MeasuredClip, frames_THW3: Frames) -> list[float]:
    """Distance in Lab of the median colour of each generated frame's arms from the true one's: whose arms are they?"""
    seen_T3 = _sleeves(clip, clip.once("video_lab", frames_THW3, quick_lab))
    true = clip.once("lab", given(clip.truth), quick_lab)
    true_T3 = clip.once("sleeves", given(clip.truth), lambda _: _sleeves(clip, true))
    return [float(x) for x in np.linalg.norm(seen_T3 - true_T3, axis=1)]


def _sleeves(clip: MeasuredClip, lab_THW3: NDArray[np.float32]) -> NDArray[np.float32]:
    """Median colour of each generated frame's arms; NaN where hardly any are to be seen."""
    return np.array(
        [
            np.median(lab[arms], axis=0) if arms.sum() >= FEWEST_PIXELS else np.full(3, np.nan, np.float32)
            for lab, arms in zip(lab_THW3[GENERATED], _arms(clip)[GENERATED], strict=True)
        ]
    )


def _arms(clip: MeasuredClip) -> NDArray[np.bool_]:
    """Where arms are: what of the body does not stand still."""
    kinds_THW = given(clip.exact).kinds_THW
    return clip.once("arms", given(clip.truth), lambda _: (kinds_THW == BODY) & ~still_pixels(clip))


def flicker(clip: MeasuredClip, frames_THW3: Frames) -> list[float]:
    """Mean change in Lab of the still cells, from each generated frame to the next."""
    cells_Thw3 = cells(frames_THW3[GENERATED])
    still_Thw = clip.once("still_cells", given(clip.truth), lambda _: whole_cells(still_pixels(clip)[GENERATED]))
    change_Thw = np.linalg.norm(np.diff(cells_Thw3, axis=0), axis=-1)
    both_Thw = still_Thw[1:] & still_Thw[:-1]
    return [
        float(change[both].mean()) if both.any() else math.nan
        for change, both in zip(change_Thw, both_Thw, strict=True)
    ]


def _inside(clip: MeasuredClip, region: str) -> NDArray[np.bool_]:
    return still_pixels(clip) & np.isin(given(clip.exact).kinds_THW, REGIONS[region])


def _region(region: str) -> PerFrame:
    return remembered(f"{region}_error", partial(region_error, region=region))


def _error(region: str, where: str) -> ClipMetric:
    return ClipMetric(
        title=f"colour error of {where}",
        unit="Lab",
        direction="lower_is_better",
        version=1,
        needs=("truth", "person", "exact"),
        measure=_region(region),
        roles=roles(
            f"distance of {where} from the person reference, where they stand still, mean over all frames",
            *("person_shuffled", "baseline", "ceiling"),
        ),
    )


def _wrong(region: str, where: str) -> ClipMetric:
    return ClipMetric(
        title=f"share of frames with {where} in wrong colours",
        unit="share",
        direction="lower_is_better",
        version=1,
        needs=("truth", "person", "exact"),
        measure=share_of_frames(_region(region), above=SEEN[region]),
        roles=roles(f"share of all frames in which {where} are further than {SEEN[region]:g} Lab off", "ceiling"),
    )


PLACES = {"face": "face and hair", "clothes": "clothes", "background": "wall and table"}
METRICS = {
    **{f"{region}_error_lab_all_frames": _error(region, where) for region, where in PLACES.items()},
    **{f"{region}_wrong_frames": _wrong(region, where) for region, where in PLACES.items()},
    "limbs_error_lab_all_frames": ClipMetric(
        title="colour error of hands and arms",
        unit="Lab",
        direction="lower_is_better",
        version=1,
        needs=("truth", "person", "exact"),
        measure=limbs_error,
        roles=roles(
            "distance of hands and arms from the true clip's, in colour and place, mean over all frames",
            *("person_shuffled", "prompt_shuffled", "baseline", "ceiling"),
        ),
    ),
    "arms_wrong_frames": ClipMetric(
        title="share of frames with somebody else's arms",
        unit="share",
        direction="lower_is_better",
        version=1,
        needs=("truth", "person", "exact"),
        measure=share_of_frames(sleeves_off, above=OTHER_SLEEVES),
        roles=roles(f"share of all frames whose arms are {OTHER_SLEEVES:g} Lab from the person's colour", "ceiling"),
    ),
    "flicker_lab_all_frames": ClipMetric(
        title="flicker of what stands still",
        unit="Lab",
        direction="lower_is_better",
        version=1,
        needs=("truth", "person"),
        measure=flicker,
        roles=roles("change of what stands still from frame to frame, mean over all frames", "ceiling", "truth"),
    ),
}
