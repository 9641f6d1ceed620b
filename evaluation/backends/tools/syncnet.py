"""Sync: SyncNet's confidence from a user's two ONNX files, `face.onnx` and `sound.onnx` in one folder.

Chung and Zisserman, "Out of time", 2016, as the public syncnet_python measures: windows of 5 frames (BGR, 224 x 224,
0..255, [1,3,5,224,224]) and 20 steps of MFCC ([1,1,13,20]) become features; the confidence is the median less the
minimum, over shifts of up to 15 frames, of the mean distance. The face is found by MediaPipe's mesh where the original
has its own detector. It knows 25 frames a second only.

Shape legend: T frames, H W pixels, N windows, D features, S audio samples.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from data.annotators.offline.windows import around
from evaluation.backends.config import ScoringConfig
from evaluation.backends.contracts import Answer
from evaluation.backends.face_mesh import SIDES, FaceMeshes, Mesh, apart
from evaluation.backends.measured_by import measured_by
from evaluation.backends.mfcc import STEPS_PER_SECOND, mfcc
from evaluation.backends.onnx_network import LIBRARIES, OnnxNetwork
from evaluation.backends.video import Frames, Video
from evaluation.contracts import MeasuredBy
from foundation.sound import resampled

ENVIRONMENT = ".venv-annotators"
SETTINGS = ("weights.syncnet",)
INPUTS = ("video", "audio")
FRAMES_PER_SECOND, SAMPLES_PER_SECOND = 25, 16_000
WINDOW, SHIFTS, SIDE = 5, 15, 224
FACE_SIDES = 1.8  # of the crop, in the face's width: the original's box and its margin
STEPS = STEPS_PER_SECOND // FRAMES_PER_SECOND  # of sound a frame
Real = NDArray[np.float64]


class SyncNet:
    """See Backend."""

    def __init__(self, folder: Path) -> None:
        self.face, self.sound = (OnnxNetwork(folder / name, SETTINGS[0]) for name in ("face.onnx", "sound.onnx"))
        self.finder = FaceMeshes()

    @property
    def measured_by(self) -> MeasuredBy:
        libraries = (*LIBRARIES, "mediapipe", "scipy")
        return measured_by("SyncNet", libraries, "MIT", [self.face.file, self.sound.file])

    def measure(self, video: Video) -> Answer:
        if round(video.frames_per_second, 2) != FRAMES_PER_SECOND:
            raise ValueError(f"has {video.frames_per_second:g} frames a second: SyncNet knows {FRAMES_PER_SECOND} only")
        sound_S = resampled(video.sound, SAMPLES_PER_SECOND)
        meshes = self.finder(video.frames)
        if any(mesh is None for mesh in meshes):
            raise ValueError("no face was found in some frame: SyncNet follows one face through the whole video")
        faces = [face(frame, mesh) for frame, mesh in zip(video.frames, meshes, strict=True) if mesh is not None]
        steps_FS = mfcc(sound_S, SAMPLES_PER_SECOND)
        windows = min(len(faces), steps_FS.shape[1] // STEPS) - WINDOW + 1
        if windows < 2 * SHIFTS:
            raise ValueError(
                f"is too short for SyncNet: {len(faces)} frames, it needs {2 * SHIFTS + WINDOW - 1} with sound"
            )
        seen = np.stack([self.face(_frames_of(faces[at : at + WINDOW])).ravel() for at in range(windows)])
        heard = np.stack([self.sound(_steps_of(steps_FS, at)).ravel() for at in range(windows)])
        distance, shift = by_shift(seen, heard), np.arange(-SHIFTS, SHIFTS + 1)
        confidence = float(np.median(distance) - distance.min())
        late = int(shift[distance.argmin()])
        return Answer(values={"confidence": confidence, "shift_frames": float(late)})


def build(config: ScoringConfig) -> SyncNet:
    assert config.weights.syncnet is not None
    return SyncNet(Path(config.weights.syncnet))


def face(rgb_HWC: Frames, mesh_K2: Mesh) -> Frames:
    """The face in a square [224,224,3], BGR."""
    window = around(mesh_K2.mean(axis=0), FACE_SIDES * apart(mesh_K2, SIDES))
    return np.asarray(cv2.cvtColor(window.cut(rgb_HWC, SIDE), cv2.COLOR_RGB2BGR), np.uint8)


def by_shift(seen_ND: Real, heard_ND: Real) -> Real:
    """Mean distance of what is seen and what is heard so many frames later, for every shift; edges left out."""
    count = len(seen_ND)
    means: list[float] = []
    for shift in range(-SHIFTS, SHIFTS + 1):
        first, last = max(0, -shift), min(count, count - shift)
        means.append(float(np.linalg.norm(seen_ND[first:last] - heard_ND[first + shift : last + shift], axis=1).mean()))
    return np.array(means)


def _frames_of(faces: list[Frames]) -> NDArray[np.float32]:
    return np.stack(faces).transpose(3, 0, 1, 2)[None].astype(np.float32)


def _steps_of(steps_FS: Real, window: int) -> Real:
    return steps_FS[None, None, :, window * STEPS : (window + WINDOW) * STEPS]
