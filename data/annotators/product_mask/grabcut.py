"""Where the product is: what is at the hands and is neither person nor background, by colour, motion and grabCut.

1. Colours of the background, of the person away from the hands, and of the face are learnt from the clip.
2. The product's colours are those at the hands, in all frames, that these do not explain (expectation maximisation);
   what moves and is not the person counts more, and a delivered picture of the product as much as all frames.
3. Its probability is averaged with that of the neighbouring frames, carried along by optical flow; grabCut cuts along
   the edges of the picture; what does not touch a hand is dropped.

Without a hand in the picture there is no product: nothing is invented. Shapes as in the contracts.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from data.annotators.config import ProductMaskTool
from data.annotators.contracts import Frames, Landmarks, Mask, PoseTrack
from data.annotators.offline.colour_model import ColourModel
from data.annotators.offline.motion import Motion
from data.annotators.offline.person_mask import person_masks
from data.annotators.offline.weights import package_folder, provenance
from data.contracts import Provenance

SHORT_SIDE = 270  # masks are made at this size and enlarged
NEAR, REACH, FAR = 0.6, 1.2, 1.6  # distances from a hand in its own sizes: touching, looked at, surely not the product
UNSURE = 0.1  # share of the person mask that may be wrong anywhere
BESIDE = 0.3  # below: not the person
# of the product: on sure background; at a hand and moving beside the person; at a hand; moving beside him; elsewhere
PRIORS = (0.02, 0.5, 0.2, 0.3, 0.05)
PLATE_FRAMES, SAME_COLOUR = 16, 12  # frames that show the background; a difference in Lab (of 255) that is none
LEARNING_ROUNDS = 8
SURE, LIKELY = 0.85, 0.5
CUT_ROUNDS = 2
SMALLEST = 0.1  # of the largest piece
Values = NDArray[np.float32]


@dataclass
class Evidence:
    """What is known about each frame before the product's colours are."""

    lab_THWC: Frames
    person_THW: Values
    moving_THW: Mask
    distance_THW: Values  # to the nearest hand, in that hand's sizes; large where no hand is seen
    known_THW: Values  # density of each pixel's colour under what is known at its place: person or background
    ground_THW: Mask  # surely background: still and not the person, or as it is when it is that


class GrabCutMasker:
    """ProductMasker."""

    @property
    def provenance(self) -> Provenance:
        weights = [package_folder("mediapipe") / "modules/pose_landmark/pose_landmark_full.tflite"]
        return provenance(
            "OpenCV grabCut and flow, MediaPipe person mask", "opencv-contrib-python-headless", weights, "Apache-2.0"
        )

    def mask(self, rgb_THWC: Frames, pose: PoseTrack, product_HWC: Frames | None) -> Mask:
        cv2.setNumThreads(1)
        cv2.setRNGSeed(0)
        height, width = rgb_THWC.shape[1:3]
        scale = min(1.0, SHORT_SIDE / min(height, width))
        size = (round(width * scale), round(height * scale))
        small_THWC = np.stack([cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in rgb_THWC])
        motion = Motion(small_THWC)
        evidence = gather(small_THWC, motion, pose, scale)
        likely_THW = product_likelihood(evidence, product_HWC)
        smooth_THW = smooth_in_time(likely_THW, motion)
        masks = [
            cut(small_THWC[frame], smooth_THW[frame], evidence.distance_THW[frame]) for frame in range(len(small_THWC))
        ]
        return np.stack([enlarge(mask_HW, height, width) for mask_HW in masks])


def build(_: ProductMaskTool) -> GrabCutMasker:
    return GrabCutMasker()


def gather(rgb_THWC: Frames, motion: Motion, pose: PoseTrack, scale: float) -> Evidence:
    lab_THWC = np.stack([cv2.cvtColor(frame, cv2.COLOR_RGB2LAB) for frame in rgb_THWC])
    size, every = rgb_THWC.shape[1:3], range(len(rgb_THWC))
    hands = [hand * [scale, scale, 1] for hand in (pose.left_hand_TK3, pose.right_hand_TK3)]
    person_THW = person_masks(rgb_THWC)
    moving_THW = np.stack([motion.moving(frame) for frame in every])
    distance_THW = np.stack([hand_distance([hand[frame] for hand in hands], size) for frame in every])
    skin_THW = np.stack([face_area(pose.face_TK3[frame] * [scale, scale, 1], size) for frame in every])
    body = ColourModel.of(lab_THWC[(person_THW > 0.9) & (distance_THW > FAR)])
    skin, ground = ColourModel.of(lab_THWC[skin_THW]), ColourModel.of(lab_THWC[(person_THW < 0.1) & ~moving_THW])
    on_THW = np.clip(person_THW, UNSURE, 1 - UNSURE)
    worn_THW = np.maximum(body.of_pixels(lab_THWC), skin.of_pixels(lab_THWC))
    known_THW = (on_THW * worn_THW + (1 - on_THW) * ground.of_pixels(lab_THWC)).astype(np.float32)
    still_THW = (person_THW < BESIDE) & ~moving_THW
    return Evidence(
        lab_THWC, person_THW, moving_THW, distance_THW, known_THW, still_THW | uncovered(lab_THWC, still_THW)
    )


def product_likelihood(evidence: Evidence, product_HWC: Frames | None) -> Values:
    """Probability of the product by colour and place, [T,H,W]: its colours are what is left to explain at the hands."""
    beside_THW = evidence.moving_THW & (evidence.person_THW < BESIDE)
    reach_THW = evidence.distance_THW < REACH
    places = [evidence.ground_THW, reach_THW & beside_THW, reach_THW, beside_THW]
    prior_THW = np.select(places, list(PRIORS[:4]), PRIORS[4]).astype(np.float32)
    pictured_N3 = pictured_colours(product_HWC)
    near_N3, known_N, prior_N = evidence.lab_THWC[reach_THW], evidence.known_THW[reach_THW], prior_THW[reach_THW]
    weight_N = prior_N
    product = ColourModel.of(near_N3)
    for _ in range(LEARNING_ROUNDS):
        weights = np.concatenate([weight_N, np.full(len(pictured_N3), weight_N.sum() / max(len(pictured_N3), 1))])
        product = ColourModel.of(np.concatenate([near_N3, pictured_N3]), weights)
        weight_N = _share(prior_N, product.of_pixels(near_N3), known_N)
    return _share(prior_THW, product.of_pixels(evidence.lab_THWC), evidence.known_THW)


def uncovered(lab_THWC: Frames, still_THW: Mask) -> Mask:
    """Where a pixel looks as it does when it is still background, of a camera that stands."""
    some = slice(None, None, max(1, len(lab_THWC) // PLATE_FRAMES))
    shown_THW1 = still_THW[some, ..., None]
    plate_HWC = np.ma.median(
        np.ma.masked_array(lab_THWC[some], np.broadcast_to(~shown_THW1, lab_THWC[some].shape)), axis=0
    )
    difference_THW = np.abs(lab_THWC.astype(np.int16) - plate_HWC.filled(-999).astype(np.int16)).max(axis=-1)
    return np.asarray(difference_THW < SAME_COLOUR)


def _share(prior: Values, own: Values, known: Values) -> Values:
    return (prior * own / (prior * own + (1 - prior) * known)).astype(np.float32)


def pictured_colours(product_HWC: Frames | None) -> Frames:
    """The colours of the product's picture, without its white ground."""
    if product_HWC is None:
        return np.zeros((0, 3), np.uint8)
    lab_HWC = cv2.cvtColor(product_HWC, cv2.COLOR_RGB2LAB)
    return np.asarray(lab_HWC[(product_HWC < 240).any(axis=-1)], np.uint8)


def hand_distance(hands: list[Landmarks], size: tuple[int, ...]) -> Values:
    """Distance of each pixel to the nearest hand's middle, less half the hand, in that hand's sizes."""
    rows, columns = np.indices(size, np.float32)
    nearest_HW = np.full(size, 99, np.float32)
    for hand_K3 in hands:
        seen_K2 = hand_K3[hand_K3[:, 2] > 0, :2]
        if len(seen_K2):
            side = max(float(np.ptp(seen_K2, axis=0).max()), 1.0)
            centre = (seen_K2.min(axis=0) + seen_K2.max(axis=0)) / 2
            distance_HW = np.hypot(columns - centre[0], rows - centre[1]) / side - 0.5
            nearest_HW = np.minimum(nearest_HW, distance_HW)
    return nearest_HW


def face_area(face_K3: Landmarks, size: tuple[int, ...]) -> Mask:
    """Within the landmarks of a seen face."""
    drawn_HW = np.zeros(size, np.uint8)
    if face_K3[0, 2] > 0:
        cv2.fillConvexPoly(drawn_HW, cv2.convexHull(np.round(face_K3[:, :2]).astype(np.int32)), 1)
    return drawn_HW > 0


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
    if not likely.any():
        return likely
    labels_HW = np.full(likely.shape, cv2.GC_BGD, np.uint8)
    room = cv2.dilate(likely.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    labels_HW[room] = cv2.GC_PR_BGD
    labels_HW[likely] = cv2.GC_PR_FGD
    labels_HW[likely & (cv2.erode((likely_HW > SURE).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)] = cv2.GC_FGD
    models = np.zeros((1, 65)), np.zeros((1, 65))
    bgr_HWC = np.ascontiguousarray(rgb_HWC[..., ::-1])
    cv2.grabCut(bgr_HWC, labels_HW, (0, 0, 1, 1), *models, CUT_ROUNDS, cv2.GC_INIT_WITH_MASK)
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
