"""FaceSim: cosine of ArcFace features of each frame's face and of the person reference's, from a user's ONNX file.

The face is found by MediaPipe's mesh and turned onto ArcFace's five points (eyes, nose, corners of the mouth) in a
picture of 112 x 112, as InsightFace aligns it. The network takes [1,3,112,112] in -1..1.

Shape legend: T frames, H W pixels, K = 468 landmarks, D features.
"""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from evaluation.backends.config import ScoringConfig
from evaluation.backends.contracts import Answer
from evaluation.backends.face_mesh import FaceMeshes, Mesh
from evaluation.backends.measured_by import measured_by
from evaluation.backends.onnx_network import LIBRARIES, OnnxNetwork
from evaluation.backends.video import Frames, Video
from evaluation.backends.windows import unit
from evaluation.contracts import MeasuredBy

ENVIRONMENT = ".venv-annotators"
SETTINGS = ("weights.arcface",)
INPUTS = ("video", "person")
SIDE = 112
POINTS = np.array([(38.29, 51.70), (73.53, 51.50), (56.03, 71.74), (41.55, 92.37), (70.73, 92.20)], np.float32)
LANDMARKS = ((33, 133), (362, 263), (1,), (61,), (291,))  # of the mesh, averaged: each eye, nose, corners of the mouth


class ArcFace:
    """See Backend."""

    def __init__(self, file: Path) -> None:
        self.network, self.finder = OnnxNetwork(file, SETTINGS[0]), FaceMeshes()

    @property
    def measured_by(self) -> MeasuredBy:
        return measured_by("ArcFace", (*LIBRARIES, "mediapipe"), "as of the given file", [self.network.file])

    def measure(self, video: Video) -> Answer:
        own = self.finder(video.person[None])[0]
        if own is None:
            raise ValueError("no face was found in the person reference: give a picture that shows the face")
        reference_D = self._features(video.person, own)
        meshes = self.finder(video.frames)
        if not any(mesh is not None for mesh in meshes):
            raise ValueError(f"no face was found in any of {len(meshes)} frames")
        pairs = zip(video.frames, meshes, strict=True)
        cosines = [None if mesh is None else float(self._features(frame, mesh) @ reference_D) for frame, mesh in pairs]
        return Answer(per_frame={"face_cosine": cosines})

    def _features(self, rgb_HW3: Frames, mesh_K2: Mesh) -> NDArray[np.float64]:
        values = (aligned(rgb_HW3, mesh_K2).transpose(2, 0, 1)[None].astype(np.float32) - 127.5) / 127.5
        return unit(self.network(values).ravel())


def build(config: ScoringConfig) -> ArcFace:
    assert config.weights.arcface is not None
    return ArcFace(Path(config.weights.arcface))


def aligned(rgb_HW3: Frames, mesh_K2: Mesh) -> Frames:
    """The face with its five points where ArcFace expects them [112,112,3]."""
    five = np.stack([mesh_K2[list(indices)].mean(axis=0) for indices in LANDMARKS]).astype(np.float32)
    matrix: Any = cv2.estimateAffinePartial2D(five, POINTS, method=cv2.LMEDS)[0]
    if matrix is None:  # where all points are one
        raise ValueError("a face is so small or turned that it cannot be aligned")
    return np.asarray(cv2.warpAffine(rgb_HW3, matrix, (SIDE, SIDE)), np.uint8)
