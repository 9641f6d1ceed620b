"""What is known of a clip before its product is: person, motion, hands, and the colours that these explain.

Shape legend: T frames, H W pixels, C = 3 colours, K landmarks.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from data.annotators.contracts import Frames, Landmarks, Mask, PoseTrack
from data.annotators.offline.colour_model import ColourModel
from data.annotators.offline.motion import Motion
from data.annotators.offline.person_mask import person_masks

FAR = 1.6  # distance from a hand in its own sizes: surely not the product
UNSURE = 0.1  # share of the person mask that may be wrong anywhere
BESIDE = 0.3  # below: not the person
PLATE_FRAMES, SAME_COLOUR = 16, 12  # frames that show the background; a difference in Lab (of 255) that is none
NO_HAND = 99.0
Values = NDArray[np.float32]


@dataclass(frozen=True)
class Scene:
    """One clip at the size that masks are made in."""

    rgb_THWC: Frames
    lab_THWC: Frames
    person_THW: Values  # how surely each pixel is the person
    moving_THW: Mask
    distance_THW: Values  # to the nearest hand, in that hand's sizes; NO_HAND where none is seen
    hand_T: Values  # longer side of the larger hand in pixels, 0 where none is seen
    known_THW: Values  # density of each pixel's colour under what is known at its place: person or background
    ground_THW: Mask  # surely background: still and not the person, or as it is when it is that
    motion: Motion


def gather(rgb_THWC: Frames, pose: PoseTrack, scale: float) -> Scene:
    """Look at a clip whose frames were made smaller by `scale`; the pose is in the large one's pixels."""
    motion = Motion(rgb_THWC)
    lab_THWC = np.stack([cv2.cvtColor(frame, cv2.COLOR_RGB2LAB) for frame in rgb_THWC])
    size, every = rgb_THWC.shape[1:3], range(len(rgb_THWC))
    hands = [hand_TK3 * [scale, scale, 1] for hand_TK3 in (pose.left_hand_TK3, pose.right_hand_TK3)]
    person_THW = person_masks(rgb_THWC)
    moving_THW = np.stack([motion.moving(frame) for frame in every])
    distance_THW = np.stack([hand_distance([hand_TK3[frame] for hand_TK3 in hands], size) for frame in every])
    skin_THW = np.stack([face_area(pose.face_TK3[frame] * [scale, scale, 1], size) for frame in every])
    body = ColourModel.of(lab_THWC[(person_THW > 0.9) & (distance_THW > FAR)])
    skin, ground = ColourModel.of(lab_THWC[skin_THW]), ColourModel.of(lab_THWC[(person_THW < 0.1) & ~moving_THW])
    on_THW = np.clip(person_THW, UNSURE, 1 - UNSURE)
    worn_THW = np.maximum(body.of_pixels(lab_THWC), skin.of_pixels(lab_THWC))
    known_THW = (on_THW * worn_THW + (1 - on_THW) * ground.of_pixels(lab_THWC)).astype(np.float32)
    still_THW = (person_THW < BESIDE) & ~moving_THW
    hand_T = np.array([max(hand_side(hand_TK3[frame]) for hand_TK3 in hands) for frame in every], np.float32)
    ground_THW = still_THW | uncovered(lab_THWC, still_THW)
    return Scene(rgb_THWC, lab_THWC, person_THW, moving_THW, distance_THW, hand_T, known_THW, ground_THW, motion)


def uncovered(lab_THWC: Frames, still_THW: Mask) -> Mask:
    """Where a pixel looks as it does when it is still background, of a camera that stands."""
    some = slice(None, None, max(1, len(lab_THWC) // PLATE_FRAMES))
    shown_THW1 = still_THW[some, ..., None]
    plate_HWC = np.ma.median(
        np.ma.masked_array(lab_THWC[some], np.broadcast_to(~shown_THW1, lab_THWC[some].shape)), axis=0
    )
    difference_THW = np.abs(lab_THWC.astype(np.int16) - plate_HWC.filled(-999).astype(np.int16)).max(axis=-1)
    return np.asarray(difference_THW < SAME_COLOUR)


def hand_distance(hands: list[Landmarks], size: tuple[int, ...]) -> Values:
    """Distance of each pixel to the nearest hand's middle, less half the hand, in that hand's sizes."""
    rows, columns = np.indices(size, np.float32)
    nearest_HW = np.full(size, NO_HAND, np.float32)
    for hand_K3 in hands:
        seen_K2 = hand_K3[hand_K3[:, 2] > 0, :2]
        if len(seen_K2):
            centre = (seen_K2.min(axis=0) + seen_K2.max(axis=0)) / 2
            distance_HW = np.hypot(columns - centre[0], rows - centre[1]) / hand_side(hand_K3) - 0.5
            nearest_HW = np.minimum(nearest_HW, distance_HW)
    return nearest_HW


def hand_side(hand_K3: Landmarks) -> float:
    """The longer side of a hand's landmarks in pixels, 1 at least; 0 where it is not seen."""
    seen_K2 = hand_K3[hand_K3[:, 2] > 0, :2]
    return max(float(np.ptp(seen_K2, axis=0).max()), 1.0) if len(seen_K2) else 0.0


def face_area(face_K3: Landmarks, size: tuple[int, ...]) -> Mask:
    """Within the landmarks of a seen face."""
    drawn_HW = np.zeros(size, np.uint8)
    if face_K3[0, 2] > 0:
        cv2.fillConvexPoly(drawn_HW, cv2.convexHull(np.round(face_K3[:, :2]).astype(np.int32)), 1)
    return drawn_HW > 0
