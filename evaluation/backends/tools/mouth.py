"""Sync without SyncNet: the mouth's opening, by MediaPipe's face mesh, against the loudness of the speech.

The correlation is of the changes of both within about half a second. On the authors' three videos of ten seconds it is
0.12 to 0.28, and chance alone reaches 0.15: it wants many clips.

Shape legend: T frames, K = 468 landmarks, S audio samples.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.signal import butter, sosfiltfilt

from data.annotators.offline.weights import package_folder
from evaluation.backends.contracts import Answer
from evaluation.backends.face_mesh import EYES, WEIGHTS, FaceMeshes, Mesh, apart, followed
from evaluation.backends.measured_by import measured_by
from evaluation.backends.video import Video
from evaluation.contracts import MeasuredBy
from foundation.sound import Sound

ENVIRONMENT = ".venv-annotators"
SETTINGS = ("",)
INPUTS = ("video", "audio")
UPPER_LIP, LOWER_LIP = 13, 14
SPEECH_BAND_HERTZ = (300.0, 3400.0)
FAST, SLOW = 1.0, 12.0  # frames: deviations of the two blurs between which the changes lie
FEWEST_FRAMES, LEAST_FOUND = 25, 0.5
Real = NDArray[np.float64]


class Mouth:
    """See Backend."""

    def __init__(self) -> None:
        self.finder = FaceMeshes()

    @property
    def measured_by(self) -> MeasuredBy:
        files = [package_folder("mediapipe") / name for name in WEIGHTS]
        return measured_by("MediaPipe face mesh", ("mediapipe", "scipy"), "Apache-2.0", files)

    def measure(self, video: Video) -> Answer:
        sound, meshes = video.sound, self.finder(video.frames)
        opening_T = np.array([np.nan if mesh is None else mouth_opening(mesh) for mesh in meshes])
        found = int(np.isfinite(opening_T).sum())
        if len(meshes) < FEWEST_FRAMES:
            raise ValueError(f"is too short to hear and see speech: {len(meshes)} frames, {FEWEST_FRAMES} are needed")
        if found < LEAST_FOUND * len(meshes):
            raise ValueError(f"a face was found in {found} of {len(meshes)} frames: too few to follow the mouth")
        remark = followed(self.finder.most_at_once(video.frames))
        loudness_T = speech_loudness(sound, len(meshes), video.frames_per_second)
        return Answer(
            per_frame={"mouth_opening": opening_T.tolist(), "speech_loudness": loudness_T.tolist()},
            values={"mouth_sound_correlation": agreement(opening_T, loudness_T)},
            notes={"mouth_sound_correlation": remark} if remark else {},
        )


def build(_: object) -> Mouth:
    return Mouth()


def mouth_opening(mesh_K2: Mesh) -> float:
    """Distance of the inner lips as a share of the distance of the eyes' outer corners."""
    return apart(mesh_K2, (UPPER_LIP, LOWER_LIP)) / apart(mesh_K2, EYES)


def agreement(opening_T: Real, loudness_T: Real) -> float:
    """Pearson's r of the changes of both, frames without a mouth interpolated.

    Raises:
        ValueError: one of them never changes.
    """
    seen = np.flatnonzero(np.isfinite(opening_T))
    whole_T = np.interp(np.arange(len(opening_T)), seen, opening_T[seen])
    first_T, second_T = (gaussian_filter1d(one, FAST) - gaussian_filter1d(one, SLOW) for one in (whole_T, loudness_T))
    if second_T.std() < 1e-9:
        raise ValueError("its sound never changes: there is no speech to follow")
    if first_T.std() < 1e-9:
        return 0.0  # a mouth that never moves follows nothing
    return float(np.corrcoef(first_T, second_T)[0, 1])


def speech_loudness(sound: Sound, frames: int, frames_per_second: float) -> Real:
    """Square root of the loudness (root mean square) of the speech band in each frame [T]; silence beyond its end."""
    samples_S, rate = sound
    high = min(SPEECH_BAND_HERTZ[1], 0.45 * rate)
    band = butter(2, (min(SPEECH_BAND_HERTZ[0], high / 2), high), "bandpass", fs=rate, output="sos")
    padded = np.zeros(max(round(frames / frames_per_second * rate) + 1, len(samples_S), 64))
    padded[: len(samples_S)] = samples_S
    squares = np.concatenate([[0.0], np.cumsum(sosfiltfilt(band, padded) ** 2)])
    edges = np.round(np.arange(frames + 1) / frames_per_second * rate).astype(int)
    return np.sqrt(np.sqrt(np.diff(squares[edges]).clip(0) / np.maximum(np.diff(edges), 1)))
