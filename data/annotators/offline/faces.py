"""dlib's 128 numbers that tell faces apart, loaded once for many pictures. The models come inside packages.

Where the face is, dlib's own detector says (`describe`: slow, the largest face) or the caller (`describe_at`).
"""

import dlib
import face_recognition_models as face_models
import numpy as np
from numpy.typing import NDArray

from data.annotators.contracts import Frames
from data.annotators.offline.windows import Window, around

LONG_SIDE = 960  # of the picture in which dlib looks for a face
SIDE = 2.0  # of the window around a face that is known, in its widths
PIXELS = 320  # of that window
Descriptor = NDArray[np.float64]


class FaceDescriber:
    """Pictures -> descriptors [128]."""

    def __init__(self) -> None:
        self.detector = dlib.get_frontal_face_detector()
        self.landmarks = dlib.shape_predictor(face_models.pose_predictor_five_point_model_location())
        self.network = dlib.face_recognition_model_v1(face_models.face_recognition_model_location())

    def describe(self, rgb_HWC: Frames) -> Descriptor | None:
        """Of the largest face; None where dlib finds none."""
        height, width = rgb_HWC.shape[:2]
        side = max(height, width)
        picture = Window(0, 0, side).cut(rgb_HWC, min(side, LONG_SIDE))
        faces = self.detector(picture, 1)
        return self._described(picture, max(faces, key=lambda face: face.area())) if faces else None

    def describe_at(self, rgb_HWC: Frames, centre_2: NDArray[np.float32], width: float) -> Descriptor:
        """Of the face around a point, about `width` pixels wide."""
        picture = around(centre_2, SIDE * width).cut(rgb_HWC, PIXELS)
        low, high = int(PIXELS * (0.5 - 0.5 / SIDE)), int(PIXELS * (0.5 + 0.5 / SIDE))
        return self._described(picture, dlib.rectangle(low, low, high, high))

    def _described(self, picture: Frames, face: dlib.rectangle) -> Descriptor:
        return np.array(self.network.compute_face_descriptor(picture, self.landmarks(picture, face)))
