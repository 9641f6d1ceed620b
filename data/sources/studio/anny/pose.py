"""From the studio's motions to a posed body: which turn every bone has in every frame, and where the product is.

Hands follow the same paths for everybody (`../motion.py`), scaled to a real arm; only the fingers depend on the
product. Shape legend: T frames, J bones, N vertices.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.sources.studio.anny.arm import HandFrame, around, curl, hand_frame, reach, turned_to
from data.sources.studio.anny.body import Figure, body, posed_heads
from data.sources.studio.anny.grip import Grip, grip, hand_in_product
from data.sources.studio.motion import ArmPose, Pose
from data.sources.studio.product import rotation_in_picture
from data.sources.studio.scene import ProductKind

Array = NDArray[np.floating]
SCALE = np.array([0.54, 0.62, 0.60], np.float32)  # metres per unit of the motions
ORIGIN = np.array([0.0, 0.540, 0.03], np.float32)  # where their origin lies
HIP_METRES = 0.035  # by which a resting hand is farther out than its path
CURLED, STRAIGHT = (0.75, 0.9, 0.5), (0.02, 0.02, 0.02)
LOOK = (0.16, 0.10)  # radians the head turns after the product, sideways and up
NECK = {"neck01": 0.15, "neck02": 0.35, "neck03": 0.6, "head": 1.0}


@dataclass(frozen=True)
class PosedPerson:
    turns_TJ33: Array
    heads_TJ3: Array
    mouth_T: Array
    product_T33: Array  # the product's axes, as columns
    product_T3: Array  # its centre
    grip: Grip | None
    hand: HandFrame | None


def pose_person(who: Figure, pose: Pose, kind: ProductKind | None) -> PosedPerson:
    """The person in every frame of `pose`; `kind` is None where nothing is held."""
    frames = len(pose.mouth_F)
    turns = np.tile(np.eye(3, dtype=np.float32), (frames, len(body().bones), 1, 1))
    turn_head(turns, pose.gaze_F2)
    for free in (pose.free_arm, pose.resting_arm):
        if free is not None:
            pose_free(who, free, turns)
    held, hand = None, None
    product_T33, product_T3 = np.tile(np.eye(3, dtype=np.float32), (frames, 1, 1)), np.zeros((frames, 3), np.float32)
    if pose.holding_arm is not None and kind is not None:
        hand = hand_frame(who, pose.holding_arm.side)
        held = grip(who, hand, kind)
        product_T33 = rotation_in_picture(pose.holding_arm.turn_F)
        wrist_T33 = product_T33 @ (hand_in_product(hand.side, kind) @ hand.axes_33.T)
        reach(who, hand, turns, wrist_T33, placed(pose.holding_arm))
        curl(hand, turns, held.bends)
    heads = posed_heads(who, turns)
    if held is not None and hand is not None:
        bone = body().bone(f"wrist.{hand.letter}")
        product_T3 = heads[:, bone] + turns[:, bone] @ (held.centre_3 - hand.wrist_3)
    return PosedPerson(turns, heads, pose.mouth_F, product_T33, product_T3.astype(np.float32), held, hand)


def placed(arm: ArmPose) -> Array:
    """The palm's path in metres [T,3]."""
    return ORIGIN + SCALE * arm.palm_F3


def turn_head(turns_TJ33: Array, gaze_T2: Array) -> None:
    """Neck, head and eyes look towards the product."""
    bones = body()
    for name, share in NECK.items():
        yaw_T33 = around(np.array([0.0, 1.0, 0.0]), LOOK[0] * share * gaze_T2[:, 0])
        pitch_T33 = around(np.array([1.0, 0.0, 0.0]), -LOOK[1] * share * gaze_T2[:, 1])
        for bone in bones.below(name):
            turns_TJ33[:, bone] = yaw_T33 @ pitch_T33
    for name in ("eye.L", "eye.R"):
        yaw_T33 = around(np.array([0.0, 1.0, 0.0]), 0.28 * gaze_T2[:, 0])
        pitch_T33 = around(np.array([1.0, 0.0, 0.0]), -0.16 * gaze_T2[:, 1])
        turns_TJ33[:, bones.bone(name)] = turns_TJ33[:, bones.bone("head")] @ yaw_T33 @ pitch_T33


def pose_free(who: Figure, arm: ArmPose, turns_TJ33: Array) -> None:
    """An arm that holds nothing: fingers along the motion's turn, the palm in at rest and to the camera when waving."""
    hand = hand_frame(who, arm.side)
    fingers_T3 = rotation_in_picture(arm.turn_F) @ np.array([0, -1, 0], np.float32)
    raised_T1 = (np.clip(np.abs(arm.turn_F) / 2.0, 0, 1))[:, None]
    rest_3 = np.array([-0.85 * arm.side, 0, -0.5], np.float32)
    shown_3 = np.array([0, -0.55, -0.85] if arm.pointing else [0, 0, 1], np.float32)
    palm_T3 = rest_3 * (1 - raised_T1) + shown_3 * raised_T1
    lean_3 = np.array([0, 0, 0.35], np.float32)  # a hanging hand points a little to the front
    wrist_T33 = turned_to(hand, fingers_T3 + lean_3 * (1 - raised_T1), palm_T3)
    beside_hip_T3 = np.array([HIP_METRES * arm.side, 0, 0], np.float32) * (1 - raised_T1)
    reach(who, hand, turns_TJ33, wrist_T33, placed(arm) + beside_hip_T3)
    curled_T1 = (1 - np.clip(arm.spread_F, 0, 1))[:, None]
    finger_T3 = np.array(STRAIGHT) + (np.array(CURLED) - np.array(STRAIGHT)) * (
        curled_T1 * (1.6 if arm.pointing else 0.9)
    )
    index_T3 = np.zeros_like(finger_T3) if arm.pointing else finger_T3
    thumb_T3 = finger_T3 * np.array([0.25, 0.3, 0.4])
    curl(hand, turns_TJ33, [thumb_T3, index_T3, finger_T3, finger_T3, finger_T3])
