"""Does the mouth move with the sound: correlation of the mouth's opening seen in the picture and the loudness heard.

Opening is how much darker than the clip's skin the middle of the lower face is (an open mouth is dark, everything
else there is skin). The truth's face boxes say where to look, in the truth and in what was generated alike; a box ends
at the chin, so every frame's has the clip's median height: else the jaw would move the window over a still mouth. Both
series are averaged over three frames (0.12 s), since a latent frame spans four. A stand-in for SyncNet, which needs
weights, and for the studio only: on three real generated videos it says -0.14, 0.05 and -0.29. On the
studio's true clips r = 0.95, after the latent codec 0.85.

Shape legend: T frames, H W pixels, S audio samples.
"""

import math
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from data.contracts import FrameBoxes
from evaluation.measuring.clip import GENERATED, Frames, MeasuredClip, given
from evaluation.measuring.colour import lab_from_rgb
from evaluation.measuring.kinds import ClipMetric, DerivedMetric, roles
from foundation.clip_format import Box

Series = NDArray[np.floating]

MOUTH_ROWS = (0.55, 0.95)  # of the face box's height
MOUTH_COLUMNS = (0.25, 0.75)  # of its width
SMOOTHED_FRAMES = 3
MOUTH = "mouth_audio_correlation"


def mouth_audio_correlation(frames_THW3: Frames, boxes: Mapping[int, FrameBoxes], loudness_T: Series) -> float:
    """Pearson's r of the mouth's opening and the loudness, both smoothed.

    0 where the mouth never moves (it follows nothing), NaN where the loudness never changes (nothing to follow).

    Raises:
        ValueError: no frame has a face box, or the series have different lengths.
    """
    opening_T = mouth_opening(frames_THW3, boxes)
    if opening_T.shape != loudness_T.shape:
        raise ValueError(f"{len(opening_T)} frames and the loudness of {len(loudness_T)} cannot be correlated")
    return correlation(smoothed(opening_T[GENERATED]), smoothed(loudness_T[GENERATED]))


def mouth_opening(frames_THW3: Frames, boxes: Mapping[int, FrameBoxes]) -> NDArray[np.float64]:
    """How much darker than skin the mouth's place is in each frame [T], in units of Lab lightness.

    Raises:
        ValueError: no frame has a face box.
    """
    faces_T4 = _face_boxes(boxes, len(frames_THW3))
    lightness = [_mouth_lightness(frame, face) for frame, face in zip(frames_THW3, faces_T4, strict=True)]
    skin = np.median(np.concatenate(lightness))
    return np.array([np.maximum(skin - values, 0).mean() if values.size else 0.0 for values in lightness])


def loudness(samples_S: Series, samples_per_second: int, frames: int, frames_per_second: float) -> NDArray[np.float64]:
    """Root mean square of the sound during each frame [T]; silence beyond its end."""
    edges = np.round(np.arange(frames + 1) / frames_per_second * samples_per_second).astype(int)
    padded = np.zeros(max(edges[-1], len(samples_S)))
    padded[: len(samples_S)] = samples_S
    return np.array([np.sqrt(np.mean(padded[a:b] ** 2)) for a, b in pairwise(edges)])


def smoothed(series_T: Series) -> NDArray[np.float64]:
    """Mean over SMOOTHED_FRAMES neighbours [T], the ends repeated."""
    padded = np.pad(series_T.astype(np.float64), SMOOTHED_FRAMES // 2, mode="edge")
    return np.convolve(padded, np.full(SMOOTHED_FRAMES, 1 / SMOOTHED_FRAMES), mode="valid")


def correlation(first_T: Series, second_T: Series) -> float:
    """Pearson's r; 0 where the first series is constant, NaN where the second is."""
    a, b = first_T - first_T.mean(), second_T - second_T.mean()
    if np.linalg.norm(b) < 1e-9:
        return float("nan")
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b))) if np.linalg.norm(a) > 1e-9 else 0.0


def _face_boxes(boxes: Mapping[int, FrameBoxes], frames: int) -> NDArray[np.float64]:
    """Face boxes [T,4] for every frame, all of one height, interpolated between the annotated ones."""
    known: dict[int, Box] = {frame: at.face for frame, at in sorted(boxes.items()) if at.face}
    if not known:
        raise ValueError("no frame has a face box: the mouth cannot be found")
    corners = np.array(list(known.values()), dtype=np.float64)
    corners[:, 3] = corners[:, 1] + np.median(corners[:, 3] - corners[:, 1])
    return np.stack([np.interp(np.arange(frames), list(known), corners[:, i]) for i in range(4)], axis=1)


def _mouth_lightness(frame_HW3: Frames, face: Series) -> NDArray[np.float64]:
    """Lab lightness of the pixels [P] where the mouth is."""
    x1, y1, x2, y2 = face
    rows = [round(y1 + share * (y2 - y1 + 1)) for share in MOUTH_ROWS]
    columns = [round(x1 + share * (x2 - x1 + 1)) for share in MOUTH_COLUMNS]
    return lab_from_rgb(frame_HW3[max(0, rows[0]) : rows[1], max(0, columns[0]) : columns[1]])[..., 0].ravel()


def _follows(clip: MeasuredClip, frames_THW3: Frames) -> float:
    boxes, (samples_S, samples_per_second) = given(clip.boxes), given(clip.sound)
    if not any(at.face for at in boxes.values()):
        return math.nan
    loudness_T = loudness(samples_S, samples_per_second, len(frames_THW3), clip.frames_per_second)
    return mouth_audio_correlation(frames_THW3, boxes, loudness_T)


METRICS = {
    MOUTH: ClipMetric(
        title="agreement of the mouth with the sound",
        unit="Pearson r",
        direction="higher_is_better",
        version=2,
        proxy=True,
        needs=("boxes", "sound"),
        headline=True,
        measure=_follows,
        roles=roles(
            "correlation of mouth opening (dark area in the lower face) and loudness, mean over clips",
            *("prompt_shuffled", "baseline", "ceiling", "truth"),
            audio_shuffled="the same, generated with another clip's audio, against the clip's own audio",
        ),
    ),
    "mouth_audio_correlation_lost_by_shuffling": DerivedMetric(
        title="agreement with the sound lost under another sound",
        unit="Pearson r",
        direction="higher_is_better",
        version=2,
        proxy=True,
        source=MOUTH,
        derive=lambda correlation: correlation["model"] - correlation["audio_shuffled"],
        roles=roles("correlation lost when another clip's audio is given; 0: the model ignores the audio"),
    ),
}
