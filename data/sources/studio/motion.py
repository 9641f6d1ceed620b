"""From words and sound to poses: where hands, elbows, product, mouth and gaze are in every frame.

A pure function of (action, hand, frame times, mouth opening). Times run from 0 (the clip's first frame) to 1 (its
last); motion-context frames have negative times. The skeleton is the same for everybody.
"""

from dataclasses import dataclass

import numpy as np

from data.sources.studio.scene import Action, Hand
from data.sources.studio.shapes import Array

# F frames
SHOULDER = (0.285, 0.205, 0.0)
UPPER_ARM, FOREARM = 0.44, 0.40
REST = (0.40, -0.55, 0.10)
TABLE = (0.32, -0.58, 0.44)
CHEST = (0.20, -0.16, 0.42)
CHEST_SIDE = (0.36, -0.16, 0.42)  # from here a lifted product passes beside the mouth, not over it
CHEEK = (0.48, 0.42, 0.30)
HIGH = (0.46, 0.62, 0.22)
OTHER_SIDE = (-0.20, -0.14, 0.45)
OWN_SIDE = (0.47, -0.14, 0.36)
WAVE = (0.47, 0.36, 0.15)
POINT = (0.24, -0.30, 0.40)
Point = tuple[float, float, float]


@dataclass(frozen=True)
class ArmPose:
    """One arm over F frames. `turn` is the hand's rotation in the picture; x points to the person's left."""

    side: int  # +1: the person's left arm, on the picture's right; -1: the right arm
    shoulder_F3: Array
    elbow_F3: Array
    palm_F3: Array
    turn_F: Array  # radians, counter-clockwise
    spread_F: Array  # 0: fingers curled, 1: open
    pointing: bool  # only the index finger is stretched


@dataclass(frozen=True)
class Pose:
    """Everything that moves, over F frames."""

    free_arm: ArmPose
    holding_arm: ArmPose | None  # None in the person reference: both hands rest
    resting_arm: ArmPose | None  # the other hand where nothing is held
    mouth_F: Array  # 0 closed .. 1 wide open
    gaze_F2: Array  # -1..1 in x and y


def side_of(hand: Hand) -> int:
    return 1 if hand == "left" else -1


def pose_clip(action: Action, hand: Hand, time_F: Array, mouth_F: Array) -> Pose:
    """The poses of a clip; time_F in clip lengths, mouth_F in 0..1."""
    side = side_of(hand)
    palm_F3, turn_F = held_path(action, time_F)
    free_F3, free_turn_F, spread_F = free_path(action, time_F)
    holding = arm(side, palm_F3, turn_F, np.zeros_like(time_F))
    free = arm(-side, free_F3, free_turn_F, spread_F, pointing=action == "point")
    gaze_F2 = np.clip(holding.palm_F3[:, :2] * np.array([1.6, 1.0], np.float32) - np.array([0, 0.3], np.float32), -1, 1)
    return Pose(free, holding, None, mouth_F, gaze_F2.astype(np.float32))


def rest_pose() -> Pose:
    """The person reference: one frame, nothing held, arms down, mouth closed."""
    zero_F = np.zeros(1, np.float32)
    left, right = (arm(side, along(REST, 1), zero_F, zero_F + np.float32(0.5)) for side in (1, -1))
    return Pose(left, None, right, zero_F, np.zeros((1, 2), np.float32))


def held_path(action: Action, time_F: Array) -> tuple[Array, Array]:
    """The holding palm (x outward from the body's middle) and its rotation, which the product shares."""
    still_F = np.zeros_like(time_F)
    swing_F = np.sin(2 * np.pi * 1.5 * time_F).astype(np.float32)
    go_F = ease(time_F, 0.08, 0.80)
    sweeps: dict[Action, tuple[Point, Point]] = {
        "raise": (TABLE, CHEEK),
        "lower": (CHEEK, TABLE),
        "across": (OWN_SIDE, OTHER_SIDE),
        "lift": (CHEST_SIDE, HIGH),
    }
    if action in sweeps:
        start, end = sweeps[action]
        return between(start, end, go_F), still_F
    palm_F3 = along(CHEST, len(time_F))
    if action == "tilt":
        return palm_F3 + np.stack([still_F, 0.04 * np.abs(swing_F), still_F], axis=1), np.float32(0.85) * swing_F
    if action == "circle":
        angle_F = (2 * np.pi * np.clip(time_F, 0, 1)).astype(np.float32)
        circle_F3 = np.stack([0.10 + 0.19 * np.sin(angle_F), 0.20 * (1 - np.cos(angle_F)) - 0.20, still_F], axis=1)
        return palm_F3 + circle_F3.astype(np.float32), still_F
    return palm_F3, still_F


def free_path(action: Action, time_F: Array) -> tuple[Array, Array, Array]:
    """The free palm (x outward on its own side), its rotation (0: fingers down) and how far its fingers are open."""
    still_F = np.zeros_like(time_F)
    if action == "wave":
        up_F = ease(time_F, 0.0, 0.30)
        swing_F = up_F * np.sin(2 * np.pi * 2.0 * (time_F - 0.30)).astype(np.float32)
        sway_F3 = np.stack([0.07 * swing_F, still_F, still_F], axis=1)
        return between(REST, WAVE, up_F) + sway_F3, np.pi * up_F - 0.35 * swing_F, 0.5 + 0.5 * up_F
    if action == "point":
        there_F = ease(time_F, 0.05, 0.45)
        return between(REST, POINT, there_F), np.float32(-2.1) * there_F, 0.5 * (1 - there_F)
    return along(REST, len(time_F)), still_F, still_F + np.float32(0.5)


def arm(side: int, palm_F3: Array, turn_F: Array, spread_F: Array, pointing: bool = False) -> ArmPose:
    """Mirror an outward path to its side and bend the elbow (two-bone inverse kinematics)."""
    mirror = np.array([side, 1, 1], np.float32)
    shoulder_F3 = along(SHOULDER, 1) * mirror
    palm_F3 = palm_F3.astype(np.float32) * mirror
    elbow_F3 = bend(shoulder_F3, palm_F3, np.array([0.52 * side, -0.82, -0.10], np.float32))
    turn_F = (turn_F * side).astype(np.float32)
    return ArmPose(side, shoulder_F3, elbow_F3, palm_F3, turn_F, spread_F.astype(np.float32), pointing)


def bend(shoulder_F3: Array, hand_F3: Array, towards_3: Array) -> Array:
    """The elbow of two bones from shoulder to hand, bent towards a direction; a hand out of reach straightens it."""
    line_F3 = hand_F3 - shoulder_F3
    span_F1 = np.linalg.norm(line_F3, axis=1, keepdims=True)
    line_F3 = line_F3 / span_F1
    near_F1 = np.minimum(span_F1, UPPER_ARM + FOREARM)
    foot_F1 = (near_F1**2 + UPPER_ARM**2 - FOREARM**2) / (2 * near_F1)
    height_F1 = np.sqrt(np.maximum(UPPER_ARM**2 - foot_F1**2, 0))
    out_F3 = towards_3 - (line_F3 * towards_3).sum(axis=1, keepdims=True) * line_F3
    out_F3 = out_F3 / np.linalg.norm(out_F3, axis=1, keepdims=True)
    return (shoulder_F3 + foot_F1 * line_F3 + height_F1 * out_F3).astype(np.float32)


def along(point: Point, frames: int) -> Array:
    return np.repeat(np.array([point], np.float32), frames, axis=0)


def between(start: Point, end: Point, share_F: Array) -> Array:
    start_13, end_13 = along(start, 1), along(end, 1)
    return start_13 + (end_13 - start_13) * share_F[:, None]


def ease(time_F: Array, start: float, end: float) -> Array:
    """Smoothly from 0 to 1 between two times."""
    share_F = np.clip((time_F - start) / (end - start), 0, 1)
    return (share_F * share_F * (3 - 2 * share_F)).astype(np.float32)
