"""Is the person in the video the own reference's, and is the face a face at all, in every frame?

Faces are described by linear discriminants fitted on the studio's training persons (evaluation.recognisers.faces). A
frame is right where its face is nearer to the own person reference than to any other held-out one's, not further from
it than FAR, and no odder than ODD: a face upside down or under noise is near to nobody's, and still is nearest to one.
Frames in which a hand or the product truly covers the face do not count.

Shape legend: T frames, D numbers that describe a face.
"""

import math
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from evaluation.measuring.clip import GENERATED, Frames, MeasuredClip, given
from evaluation.measuring.kinds import ClipMetric, DerivedMetric, Measure, roles
from evaluation.measuring.per_frame import mean

FAR = 2.6  # in spreads of one person's frames; another person's nearest reference is 3.7 or more away
ODD = 3.5
COVERED = 0.03  # of the face box
DISTANCE = "face_distance_all_frames"


def distance(clip: MeasuredClip, frames_THW3: Frames) -> list[float]:
    """Each generated frame's distance from the person reference, NaN where the face is covered."""
    seen, covered_T = clip.seen(frames_THW3), given(clip.exact).covered_T
    distance_T = np.linalg.norm(seen.faces_TD - seen.person_D, axis=1)
    return [float(x) for x in np.where(covered_T <= COVERED, distance_T, np.nan)[GENERATED]]


def oddness(clip: MeasuredClip, frames_THW3: Frames) -> list[float]:
    """How far each generated frame's face is from any face, NaN where it is covered."""
    seen, covered_T = clip.seen(frames_THW3), given(clip.exact).covered_T
    return [float(x) for x in np.where(covered_T <= COVERED, seen.face_odd_T, np.nan)[GENERATED]]


def _recognised(clips: Sequence[MeasuredClip]) -> Measure:
    """Share of frames whose face is the own person's."""
    # one frame is enough: of the person it is the reference that is described
    persons = {clip.person_id: given(clip.recognise)(given(clip.truth)[:1]).person_D for clip in clips}
    return partial(_share_recognised, persons=persons)


def _share_recognised(clip: MeasuredClip, frames_THW3: Frames, persons: Mapping[str, NDArray[np.float64]]) -> float:
    faces_TD = clip.seen(frames_THW3).faces_TD[GENERATED]
    others = [person_D for person, person_D in persons.items() if person != clip.person_id]
    nearest_T = np.min([np.linalg.norm(faces_TD - it, axis=1) for it in others], axis=0, initial=np.inf)
    right: list[float] = []
    for own, odd, other in zip(distance(clip, frames_THW3), oddness(clip, frames_THW3), nearest_T, strict=True):
        right.append(float(own <= FAR and odd <= ODD and own < other) if math.isfinite(own) else math.nan)
    return mean(right)


METRICS = {
    "person_recognised_frames": ClipMetric(
        title="share of frames in which the person is recognised",
        unit="share",
        direction="higher_is_better",
        version=1,
        needs=("truth", "exact", "recognise"),
        fewest_clips=2,
        headline=True,
        prepare=_recognised,
        roles=roles(
            "share of all frames whose face is the person reference's, and nobody else's among the held-out persons",
            *("person_shuffled", "ceiling"),
            truth="the same, on the true clip: the recogniser's own error",
        ),
    ),
    DISTANCE: ClipMetric(
        title="distance of the face from the person's",
        unit="spreads",
        direction="lower_is_better",
        version=1,
        needs=("exact", "recognise"),
        measure=distance,
        roles=roles(
            "distance of the face from the person reference, in spreads of one person's frames, over all frames",
            *("person_shuffled", "ceiling"),
            truth="the same, on the true clip: the recogniser's own error",
        ),
    ),
    "face_oddness_all_frames": ClipMetric(
        title="oddness of the face",
        unit="spreads",
        direction="lower_is_better",
        version=1,
        needs=("exact", "recognise"),
        measure=oddness,
        roles=roles(
            "how far the face is from any face, over all frames; 1: as training frames are", "ceiling", "truth"
        ),
    ),
    "face_distance_person_shuffled_to_true": DerivedMetric(
        title="rise of the face's distance under another person",
        unit="ratio",
        direction="higher_is_better",
        version=1,
        source=DISTANCE,
        derive=lambda value: value["person_shuffled"] / value["model"] if value["model"] else math.nan,
        roles=roles("how much another clip's person raises the distance of the face; 1: the person is ignored"),
    ),
}
