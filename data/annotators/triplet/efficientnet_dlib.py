"""Do frame, person reference and product reference belong together? Faces by dlib, products by EfficientNet features.

A product's picture is compared whole, on white, at its own size: the features see shape, texture and colour.
Shapes as in the contracts.
"""

import dlib
import face_recognition_models as face_models
import numpy as np
import torch
from numpy.typing import NDArray

from data.annotators.config import Tool
from data.annotators.contracts import Frames, Mask, TripletScore
from data.annotators.leftovers import product_left
from data.annotators.offline.cut_out import on_white
from data.annotators.offline.efficientnet_lite import PIXELS, EfficientNetLite0, weights_file
from data.annotators.offline.weights import package_folder, provenance
from data.annotators.offline.windows import Window
from data.contracts import Provenance
from foundation.geometry import box_of

WHITE_ABOVE = 240  # of 255: the background of a product picture
LONG_SIDE = 960  # of the picture in which dlib looks for a face


class EfficientNetDlib:
    """TripletValidator."""

    @property
    def provenance(self) -> Provenance:
        models = package_folder("face_recognition_models") / "models"
        faces = [models / "shape_predictor_5_face_landmarks.dat", models / "dlib_face_recognition_resnet_model_v1.dat"]
        licence = "BSL-1.0 AND CC0-1.0 AND Apache-2.0"
        return provenance("dlib faces, EfficientNet-Lite0", "dlib-bin", [*faces, weights_file()], licence)

    def score(self, rgb_HWC: Frames, product_HW: Mask, person_HWC: Frames, product_HWC: Frames) -> TripletScore:
        return TripletScore(
            face_cosine(rgb_HWC, person_HWC),
            product_cosine(rgb_HWC, product_HW, product_HWC),
            product_left(rgb_HWC, product_HW, person_HWC),
        )


def build(_: Tool) -> EfficientNetDlib:
    return EfficientNetDlib()


def face_cosine(rgb_HWC: Frames, person_HWC: Frames) -> float | None:
    """Cosine of two face descriptors; even strangers reach 0.8, the same person 0.95. None where one shows no face."""
    first, second = describe_face(rgb_HWC), describe_face(person_HWC)
    return None if first is None or second is None else cosine(first, second)


def describe_face(rgb_HWC: Frames) -> NDArray[np.float64] | None:
    """dlib's 128 numbers of the largest face."""
    height, width = rgb_HWC.shape[:2]
    side = max(height, width)
    picture = Window(0, 0, side).cut(rgb_HWC, min(side, LONG_SIDE))
    faces = dlib.get_frontal_face_detector()(picture, 1)
    if not faces:
        return None
    landmarks = dlib.shape_predictor(face_models.pose_predictor_five_point_model_location())
    network = dlib.face_recognition_model_v1(face_models.face_recognition_model_location())
    face = max(faces, key=lambda face: face.area())
    return np.array(network.compute_face_descriptor(picture, landmarks(picture, face)))


def product_cosine(rgb_HWC: Frames, product_HW: Mask, product_HWC: Frames) -> float | None:
    """Cosine of two products' features, each cut out and put on white; None where one is not to be seen."""
    pictured_HW = np.asarray((product_HWC < WHITE_ABOVE).any(axis=-1))
    if box_of(product_HW) is None or box_of(pictured_HW) is None:
        return None
    torch.set_num_threads(1)
    pair = [on_white(rgb_HWC, product_HW), on_white(product_HWC, pictured_HW)]
    pictures_BHWC = torch.from_numpy(np.stack([Window(0, 0, len(one)).cut(one, PIXELS) for one in pair]))
    first, second = EfficientNetLite0.from_package().features(pictures_BHWC).numpy().astype(np.float64)
    return cosine(first, second)


def cosine(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))
