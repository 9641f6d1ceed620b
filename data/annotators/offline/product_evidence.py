"""What speaks for a mask being the product: measured on the clip, and against the product's picture where there is one.

| number | what |
|---|---|
| `colours` | overlap of the mask's colours with those of the picture, 0..1 |
| `looks` | cosine of EfficientNet features, mask cut out and picture, mean of the best frames |
| `features` | SIFT matches that one affine map puts inside the mask, log2(1 + the best frames' mean) |
| `off_person` | 1 less the mean of the person mask inside |
| `distinct` | 1 less the overlap of the mask's colours with those of person and background around it |
| `in_hand` | share of the mask's frames on which it reaches into a hand |
| `small` | how many times its side must be doubled to be as large as the hand, median; 0 where it is larger |
| `large` | how many times twice the hand must be doubled to be as large as it, median; 0 where it is smaller |
| `compact` | area over that of the convex hull, median |
| `steady` | overlap with the neighbouring frame's mask carried along by optical flow, median |
| `seen` | share of the frames with a hand that have a mask |
| `moves` | share of the mask that is not surely background |

Shape legend: T frames, H W pixels, C = 3 colours.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from data.annotators.contracts import Frames, Mask
from data.annotators.offline.clip_scene import Scene, Values
from data.annotators.offline.motion import Motion
from data.annotators.offline.product_features import PictureOfProduct

LOOKED_AT = 4  # frames: those with the most of the mask, one in each part of the clip
NEAR = 0.3  # of the hand's size
RING = 0.35  # of the mask's side: how far around it colours are compared
HUE_BINS = (4, 24, 24)  # lightness counts little: a picture is lit otherwise than a clip


def evidence_for(mask_THW: Mask, scene: Scene, picture: PictureOfProduct | None) -> dict[str, float]:
    """All numbers of the table; those of the picture only where there is one. Empty: the mask is."""
    areas_T = mask_THW.sum(axis=(1, 2))
    shown = np.flatnonzero(areas_T)
    if not len(shown):
        return {}
    some = best_frames(areas_T)
    inside_N3, around_N3 = scene.lab_THWC[mask_THW], colours_around(mask_THW, scene, some)
    doublings = float(np.median(np.log2(np.sqrt(areas_T[shown]) / np.maximum(scene.hand_T[shown], 1.0))))
    numbers = {
        "off_person": 1 - float(scene.person_THW[mask_THW].mean()),
        "distinct": 1 - overlap_of(inside_N3, around_N3),
        "in_hand": float(np.mean([(scene.distance_THW[t][mask_THW[t]] < NEAR).any() for t in shown])),
        "small": max(0.0, -doublings),
        "large": max(0.0, doublings - 1),
        "compact": float(np.median([solidity(mask_THW[t]) for t in shown])),
        "steady": steadiness(mask_THW, scene.motion, shown),
        "seen": len(shown) / max(int((scene.hand_T > 0).sum()), len(shown)),
        "moves": 1 - float(scene.ground_THW[mask_THW].mean()),
    }
    if picture is not None:
        frames = scene.rgb_THWC[some], mask_THW[some]
        numbers["colours"] = overlap_of(inside_N3, picture.lab_N3)
        numbers["looks"] = float(np.mean(sorted(picture.cosines(*frames))[-3:]))
        numbers["features"] = float(np.log2(1 + picture.matched_inside(*frames)))
    return {name: round(number, 4) for name, number in numbers.items()}


def best_frames(areas_T: NDArray[np.int64]) -> list[int]:
    """The frame with the most of the mask in each part of the clip that shows it."""
    parts = np.array_split(np.arange(len(areas_T)), min(LOOKED_AT, len(areas_T)))
    best = [int(part[areas_T[part].argmax()]) for part in parts]
    return [frame for frame in best if areas_T[frame]]


def overlap_of(one_N3: Frames, other_N3: Frames) -> float:
    """Bhattacharyya's coefficient of two sets of Lab colours, 0..1."""
    if not len(one_N3) or not len(other_N3):
        return 0.0
    one, other = coarse_colours(one_N3), coarse_colours(other_N3)
    return float(np.sqrt(one * other).sum())


def coarse_colours(lab_N3: Frames) -> Values:
    """A smoothed histogram that sums to 1."""
    steps = [np.minimum(lab_N3[:, axis].astype(int) * bins // 256, bins - 1) for axis, bins in enumerate(HUE_BINS)]
    flat = (steps[0] * HUE_BINS[1] + steps[1]) * HUE_BINS[2] + steps[2]
    counts = np.bincount(flat, minlength=int(np.prod(HUE_BINS))).reshape(HUE_BINS).astype(np.float32)
    smooth = np.stack([cv2.GaussianBlur(level, (0, 0), 1.0) for level in counts])
    return np.asarray(smooth / max(float(smooth.sum()), 1e-9), np.float32)


def colours_around(mask_THW: Mask, scene: Scene, frames: Sequence[int]) -> Frames:
    """Lab colours of a ring around the mask, a gap left for its soft edge."""
    rings: list[Frames] = []
    for frame in frames:
        side = np.sqrt(mask_THW[frame].sum())
        gap_HW, wide_HW = grown(mask_THW[frame], 2), grown(mask_THW[frame], 2 + max(2, round(RING * side)))
        rings.append(scene.lab_THWC[frame][wide_HW & ~gap_HW])
    return np.concatenate(rings)


def grown(mask_HW: Mask, pixels: int) -> Mask:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
    return cv2.dilate(mask_HW.astype(np.uint8), kernel) > 0


def solidity(mask_HW: Mask) -> float:
    """Area over that of the convex hull."""
    points_N2 = np.argwhere(mask_HW)[:, ::-1].astype(np.int32)
    drawn_HW = np.zeros(mask_HW.shape, np.uint8)
    cv2.fillConvexPoly(drawn_HW, cv2.convexHull(points_N2), 1)
    return float(mask_HW.sum() / max(int(drawn_HW.sum()), 1))


def steadiness(mask_THW: Mask, motion: Motion, shown: Sequence[int] | NDArray[np.intp]) -> float:
    """Median overlap of each frame's mask with the one before, carried along."""
    overlaps = [0.0]
    for frame in shown:
        if frame and mask_THW[frame - 1].any():
            carried_HW = motion.carried(mask_THW[frame - 1].astype(np.float32), int(frame) - 1, int(frame)) > 0.5
            either = int((carried_HW | mask_THW[frame]).sum())
            overlaps.append(int((carried_HW & mask_THW[frame]).sum()) / max(either, 1))
    return float(np.median(overlaps[1:] or overlaps))
