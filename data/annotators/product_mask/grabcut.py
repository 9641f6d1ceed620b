"""Where the product is: what is at the hands and is neither person nor background, by colour, motion and grabCut.

1. Colours of the background, of the person away from the hands, and of the face are learnt from the clip.
2. The product's colours are those at the hands, in all frames, that these do not explain (expectation maximisation);
   what moves and is not the person counts more. With a picture of the product there is a second guess that begins with
   its colours, and a third that looks for nothing else.
3. Each guess is averaged with that of the neighbouring frames, carried along by optical flow; grabCut cuts along
   the edges of the frame; what does not touch a hand is dropped.
4. The guess that most speaks for is taken, with the probability that it is right (data.annotators.offline.confidence).

Without a hand in the picture there is no product: nothing is invented. Shapes as in the contracts.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from data.annotators.config import ProductMaskTool
from data.annotators.contracts import Frames, Mask, PoseTrack, ProductTrack
from data.annotators.offline.clip_scene import BESIDE, Scene, gather
from data.annotators.offline.colour_model import ColourModel
from data.annotators.offline.efficientnet_lite import weights_file
from data.annotators.offline.motion import Motion
from data.annotators.offline.product_confidence import confidence_in
from data.annotators.offline.product_evidence import evidence_for
from data.annotators.offline.product_features import PictureOfProduct
from data.annotators.offline.product_photo import ProductPhoto
from data.annotators.offline.weights import package_folder, provenance
from data.contracts import Provenance
from foundation.geometry import box_of

SHORT_SIDE = 270  # masks are made at this size and enlarged
NEAR, REACH = 0.6, 1.2  # distances from a hand in its own sizes: touching, looked at
# of the product: on sure background; at a hand and moving beside the person; at a hand; moving beside him; elsewhere
PRIORS = (0.02, 0.5, 0.2, 0.3, 0.05)
PICTURED_PRIORS = (0.05, 0.8, 0.6, 0.7, 0.4)  # where its picture says what it looks like, the place says less
LEARNING_ROUNDS = 8
SURE, LIKELY = 0.85, 0.5
CUT_ROUNDS = 2
AROUND = 24  # pixels, at least: what grabCut sees around it
SMALLEST = 0.1  # of the largest piece
Values = NDArray[np.float32]


class GrabCutMasker:
    """ProductMasker."""

    @property
    def provenance(self) -> Provenance:
        weights = [package_folder("mediapipe") / "modules/pose_landmark/pose_landmark_full.tflite", weights_file()]
        return provenance(
            "OpenCV grabCut, flow and SIFT, MediaPipe person mask, EfficientNet-Lite0",
            "opencv-contrib-python-headless",
            weights,
            "Apache-2.0",
        )

    def mask(self, rgb_THWC: Frames, pose: PoseTrack, product_HWC: Frames | None) -> ProductTrack:
        cv2.setNumThreads(1)
        cv2.setRNGSeed(0)
        height, width = rgb_THWC.shape[1:3]
        small_THWC, scale = smaller(rgb_THWC)
        picture = None if product_HWC is None else PictureOfProduct(ProductPhoto.of(product_HWC))
        found = best_guess(gather(small_THWC, pose, scale), picture)
        full_THW = np.stack([enlarge(mask_HW, height, width) for mask_HW in found.mask_THW])
        return ProductTrack(full_THW, found.confidence, found.evidence)


def build(_: ProductMaskTool) -> GrabCutMasker:
    return GrabCutMasker()


def smaller(rgb_THWC: Frames) -> tuple[Frames, float]:
    """Frames at the size that masks are made in, and their scale."""
    height, width = rgb_THWC.shape[1:3]
    scale = min(1.0, SHORT_SIDE / min(height, width))
    size = (round(width * scale), round(height * scale))
    return np.stack([cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in rgb_THWC]), scale


def best_guess(scene: Scene, picture: PictureOfProduct | None) -> ProductTrack:
    """Of all guesses the one that most speaks for, at the scene's size."""
    masks = guesses(scene, picture)
    tracks: list[ProductTrack] = []
    for mask_THW in masks:
        evidence = evidence_for(mask_THW, scene, picture)
        tracks.append(ProductTrack(mask_THW, confidence_in(evidence), evidence))
    return max(tracks, key=lambda track: track.confidence)


def guesses(scene: Scene, picture: PictureOfProduct | None) -> list[Mask]:
    """Masks [T,H,W]: by the clip alone; with the picture's colours too; by the picture's colours alone."""
    nothing_N3 = np.zeros((0, 3), np.uint8)
    likelihoods = [product_likelihood(scene, nothing_N3)]
    if picture is not None:
        likelihoods.append(product_likelihood(scene, picture.lab_N3))
        likelihoods.append(pictured_likelihood(scene, picture.lab_N3))
    return [cut_all(scene, likely_THW) for likely_THW in likelihoods]


def product_likelihood(scene: Scene, pictured_N3: Frames) -> Values:
    """Probability of the product by colour and place, [T,H,W]: its colours are what is left to explain at the hands.

    Args:
        pictured_N3: Lab colours of its picture, which count as much as all frames; none without one.
    """
    reach_THW, prior_THW = scene.distance_THW < REACH, priors(scene, PRIORS)
    near_N3, known_N, prior_N = scene.lab_THWC[reach_THW], scene.known_THW[reach_THW], prior_THW[reach_THW]
    weight_N = prior_N
    product = ColourModel.of(near_N3)
    for _ in range(LEARNING_ROUNDS):
        weights = np.concatenate([weight_N, np.full(len(pictured_N3), weight_N.sum() / max(len(pictured_N3), 1))])
        product = ColourModel.of(np.concatenate([near_N3, pictured_N3]), weights)
        weight_N = _share(prior_N, product.of_pixels(near_N3), known_N)
    return _share(prior_THW, product.of_pixels(scene.lab_THWC), scene.known_THW)


def pictured_likelihood(scene: Scene, pictured_N3: Frames) -> Values:
    """The same by the picture's colours, and by what at the hands is like them: one round of learning."""
    reach_THW, prior_THW = scene.distance_THW < REACH, priors(scene, PICTURED_PRIORS)
    near_N3, known_N, prior_N = scene.lab_THWC[reach_THW], scene.known_THW[reach_THW], prior_THW[reach_THW]
    weight_N = _share(prior_N, ColourModel.of(pictured_N3).of_pixels(near_N3), known_N)
    weights = np.concatenate([weight_N, np.full(len(pictured_N3), weight_N.sum() / len(pictured_N3))])
    product = ColourModel.of(np.concatenate([near_N3, pictured_N3]), weights)
    return _share(prior_THW, product.of_pixels(scene.lab_THWC), scene.known_THW)


def priors(scene: Scene, values: Sequence[float]) -> Values:
    """How likely the product is at a place, whatever its colour: one of five values."""
    beside_THW, reach_THW = scene.moving_THW & (scene.person_THW < BESIDE), scene.distance_THW < REACH
    places = [scene.ground_THW, reach_THW & beside_THW, reach_THW, beside_THW]
    return np.select(places, list(values[:4]), values[4]).astype(np.float32)


def _share(prior: Values, own: Values, known: Values) -> Values:
    return (prior * own / (prior * own + (1 - prior) * known)).astype(np.float32)


def cut_all(scene: Scene, likely_THW: Values) -> Mask:
    """The guess of every frame, cut out."""
    smooth_THW = smooth_in_time(likely_THW, scene.motion)
    return np.stack([cut(*each) for each in zip(scene.rgb_THWC, smooth_THW, scene.distance_THW, strict=True)])


def smooth_in_time(likely_THW: Values, motion: Motion) -> Values:
    """Each frame's probability averaged with its neighbours', carried along."""
    smooth = likely_THW.copy()
    for frame in range(len(likely_THW)):
        near = [other for other in (frame - 1, frame + 1) if 0 <= other < len(likely_THW)]
        carried = [motion.carried(likely_THW[other], other, frame) for other in near]
        smooth[frame] = np.mean([likely_THW[frame], *carried], axis=0)
    return np.stack([cv2.GaussianBlur(one, (0, 0), 1.0) for one in smooth]).astype(np.float32)


def cut(rgb_HWC: Frames, likely_HW: Values, distance_HW: Values) -> Mask:
    """GrabCut within what is likely and hangs together with a hand."""
    likely = connected(likely_HW > LIKELY, distance_HW)
    x1, y1, x2, y2 = box_of(likely) or (0, 0, 0, 0)
    if x2 == x1 or y2 == y1:
        return np.zeros_like(likely)
    labels_HW = np.full(likely.shape, cv2.GC_BGD, np.uint8)
    labels_HW[cv2.dilate(likely.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0] = cv2.GC_PR_BGD
    labels_HW[likely] = cv2.GC_PR_FGD
    labels_HW[likely & (cv2.erode((likely_HW > SURE).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)] = cv2.GC_FGD
    room = max(AROUND, y2 - y1, x2 - x1)
    part = slice(max(0, y1 - room), y2 + room), slice(max(0, x1 - room), x2 + room)
    labels_hw = np.ascontiguousarray(labels_HW[part])
    cv2.grabCut(
        np.ascontiguousarray(rgb_HWC[part][..., ::-1]),
        labels_hw,
        (0, 0, 1, 1),
        np.zeros((1, 65)),
        np.zeros((1, 65)),
        CUT_ROUNDS,
        cv2.GC_INIT_WITH_MASK,
    )
    labels_HW[part] = labels_hw
    kept_HW = (labels_HW == cv2.GC_FGD) | (labels_HW == cv2.GC_PR_FGD)
    opened = cv2.morphologyEx(kept_HW.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    return connected(opened, distance_HW)


def connected(mask_HW: Mask, distance_HW: Values) -> Mask:
    """The pieces of a mask that touch a hand, without crumbs."""
    count, pieces_HW, stats, _ = cv2.connectedComponentsWithStats(mask_HW.astype(np.uint8))
    touching = set(np.unique(pieces_HW[(distance_HW < NEAR) & mask_HW]).tolist())
    areas = {piece: int(stats[piece, cv2.CC_STAT_AREA]) for piece in range(1, count) if piece in touching}
    least = SMALLEST * max(areas.values(), default=0)
    return np.isin(pieces_HW, [piece for piece, area in areas.items() if area >= least])


def enlarge(mask_HW: Mask, height: int, width: int) -> Mask:
    soft = cv2.resize(mask_HW.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(soft > 0.5)
