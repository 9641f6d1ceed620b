"""Each frame's face as MediaPipe's mesh of 468 landmarks: looked for where it was, then all over the frame.

Shape legend: T frames, H W pixels, K = 468 landmarks.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.annotators.offline.windows import Window, around, tiles
from evaluation.backends.video import Frames

WEIGHTS = (  # inside the package
    "modules/face_landmark/face_landmark.tflite",
    "modules/face_detection/face_detection_short_range.tflite",
)
EYES, SIDES = (33, 263), (234, 454)  # outer corners; temples
PIXELS = 256
LOOKS, MOST_FACES = 6, 4  # frames on which faces are counted; in one window
NEAR = 4.5  # side of the window around a face that was there before, in distances of its eyes
Mesh = NDArray[np.float32]
"""[K,2] in the frame's pixels."""


class FaceMeshes:
    """Frames -> a mesh each, None where no face is seen."""

    def __init__(self) -> None:
        self.solutions: Any = import_module("mediapipe").solutions

    def __call__(self, rgb_THWC: Frames) -> list[Mesh | None]:
        meshes: list[Mesh | None] = []
        near: list[Window] = []
        options = {"static_image_mode": True, "max_num_faces": 1, "min_detection_confidence": 0.4}
        with self.solutions.face_mesh.FaceMesh(**options) as model:
            for rgb_HWC in rgb_THWC:
                tried = (_mesh(model, rgb_HWC, window) for window in [*near, *tiles(*rgb_HWC.shape[:2])])
                mesh = next((points for points in tried if points is not None), None)
                near = [] if mesh is None else [around(mesh.mean(axis=0), NEAR * apart(mesh, EYES))]
                meshes.append(mesh)
        return meshes

    def most_at_once(self, rgb_THWC: Frames) -> int:
        """How many faces one frame shows, at most, of a few spread over the video."""
        some = np.linspace(0, len(rgb_THWC) - 1, min(LOOKS, len(rgb_THWC))).astype(int)
        options = {"static_image_mode": True, "max_num_faces": MOST_FACES, "min_detection_confidence": 0.4}
        with self.solutions.face_mesh.FaceMesh(**options) as model:
            windows = tiles(*rgb_THWC.shape[1:3])
            seen = [[mesh for window in windows for mesh in _meshes(model, rgb_THWC[at], window)] for at in some]
        return max(len(_distinct(meshes)) for meshes in seen)


def followed(faces: int) -> str:
    """What to know of numbers that follow one face where a frame shows `faces`; "": nothing."""
    return "" if faces < 2 else f"shows up to {faces} faces at once: the one that was found first is followed"


def apart(mesh_K2: Mesh, pair: tuple[int, int]) -> float:
    """Distance of two landmarks in pixels."""
    return max(float(np.linalg.norm(mesh_K2[pair[0]] - mesh_K2[pair[1]])), 1e-3)


def _mesh(model: Any, rgb_HWC: Frames, window: Window) -> Mesh | None:
    return next(iter(_meshes(model, rgb_HWC, window)), None)


def _meshes(model: Any, rgb_HWC: Frames, window: Window) -> list[Mesh]:
    found = model.process(window.cut(rgb_HWC, PIXELS)).multi_face_landmarks or []
    return [window.to_frame(np.array([(point.x, point.y) for point in face.landmark], np.float32)) for face in found]


def _distinct(meshes: Sequence[Mesh]) -> list[Mesh]:
    """The windows overlap: a face whose middle lies within another's temples is the same one."""
    kept: list[Mesh] = []
    for mesh in meshes:
        if all(np.linalg.norm(mesh.mean(axis=0) - other.mean(axis=0)) > apart(other, SIDES) / 2 for other in kept):
            kept.append(mesh)
    return kept
