"""Arms and hands of a posed person: two-bone inverse kinematics on Anny's bones, the hand turned as asked.

A hand at rest has a frame of three unit vectors: f where the fingers point, n out of the palm, a from the little finger
to the index finger. A turn of the hand is given by where f and n go.

Shape legend: T frames, J bones; the last two axes 3 3 of a turn take the body at rest to the posed one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.sources.studio.anny.body import Figure, body

Array = NDArray[np.floating]
ELBOW_OUT = (0.52, -0.82, -0.10)
PALM_TOWARDS_KNUCKLES = 0.62


@dataclass(frozen=True)
class HandFrame:
    """One hand at rest. `side`: +1 the person's left."""

    side: int
    letter: str
    wrist_3: Array
    palm_3: Array
    axes_33: Array  # columns f, n, a

    @property
    def digits(self) -> list[list[str]]:
        """Thumb first, the joints of each from the palm outward."""
        return [[f"finger{digit}-{joint}.{self.letter}" for joint in (1, 2, 3)] for digit in range(1, 6)]


def hand_frame(who: Figure, side: int) -> HandFrame:
    letter = "L" if side > 0 else "R"
    wrist_3 = who.head_of(f"wrist.{letter}")
    knuckles_43 = np.stack([who.head_of(f"finger{digit}-1.{letter}") for digit in (2, 3, 4, 5)])
    f_3 = unit(knuckles_43[1:3].mean(axis=0) - wrist_3)
    across_3 = knuckles_43[0] - knuckles_43[3]
    a_3 = unit(across_3 - (across_3 @ f_3) * f_3)
    n_3 = -side * np.cross(a_3, f_3)
    palm_3 = wrist_3 + PALM_TOWARDS_KNUCKLES * (knuckles_43.mean(axis=0) - wrist_3)
    return HandFrame(side, letter, wrist_3, palm_3, np.stack([f_3, n_3, a_3], axis=1))


def turned_to(hand: HandFrame, f_T3: Array, n_T3: Array) -> Array:
    """The turns [T,3,3] that point the fingers along f and the palm along n (made square to f)."""
    f_T3 = unit(f_T3)
    n_T3 = unit(n_T3 - (n_T3 * f_T3).sum(axis=-1, keepdims=True) * f_T3)
    a_T3 = -hand.side * np.cross(f_T3, n_T3)
    return np.stack([f_T3, n_T3, a_T3], axis=-1) @ hand.axes_33.T


def reach(who: Figure, hand: HandFrame, turns_TJ33: Array, wrist_T33: Array, palm_T3: Array) -> None:
    """Put the palm at `palm_T3` with the hand turned by `wrist_T33`: write the arm's turns into `turns_TJ33`."""
    letter, bones = hand.letter, body()
    shoulder_3, elbow_3 = who.head_of(f"upperarm01.{letter}"), who.head_of(f"lowerarm01.{letter}")
    target_T3 = palm_T3 - wrist_T33 @ (hand.palm_3 - hand.wrist_3)
    upper, fore = float(np.linalg.norm(elbow_3 - shoulder_3)), float(np.linalg.norm(hand.wrist_3 - elbow_3))
    bent_T3 = bend(shoulder_3, target_T3, (upper, fore), np.array(ELBOW_OUT) * np.array([hand.side, 1, 1]))
    line_T3 = unit(target_T3 - shoulder_3) * np.minimum(
        np.linalg.norm(target_T3 - shoulder_3, axis=1, keepdims=True), 0.998 * (upper + fore)
    )
    wrist_T3 = shoulder_3 + line_T3
    hinge_rest_3 = np.cross(elbow_3 - shoulder_3, hand.wrist_3 - elbow_3)
    hinge_T3 = np.cross(bent_T3 - shoulder_3, wrist_T3 - bent_T3).astype(np.float64)
    upper_T33 = carried(elbow_3 - shoulder_3, hinge_rest_3, bent_T3 - shoulder_3, hinge_T3)
    fore_T33 = carried(hand.wrist_3 - elbow_3, hinge_rest_3, wrist_T3 - bent_T3, hinge_T3)
    half_T33 = half_twisted(fore_T33, wrist_T33, hand.wrist_3 - elbow_3)
    for name in ("upperarm01", "upperarm02"):
        turns_TJ33[:, bones.bone(f"{name}.{letter}")] = upper_T33
    turns_TJ33[:, bones.bone(f"lowerarm01.{letter}")] = fore_T33
    turns_TJ33[:, bones.bone(f"lowerarm02.{letter}")] = half_T33
    for bone in bones.below(f"wrist.{letter}"):
        turns_TJ33[:, bone] = wrist_T33


def curl(hand: HandFrame, turns_TJ33: Array, bends: list[Array]) -> None:
    """Bend each digit's joints (radians [T,3] or [1,3] a digit, thumb first) on top of the hand's own turn."""
    bones = body()
    wrist_T33 = turns_TJ33[:, bones.bone(f"wrist.{hand.letter}")]
    for joints, bend_T3, axis_3 in zip(hand.digits, bends, bend_axes(hand), strict=True):
        turn_T33 = wrist_T33
        for place, joint in enumerate(joints):
            turn_T33 = turn_T33 @ around(axis_3, bend_T3[:, place])
            turns_TJ33[:, bones.bone(joint)] = turn_T33


def bend_axes(hand: HandFrame) -> list[Array]:
    """What each digit bends around, in the hand at rest: fingers towards the palm, the thumb across it."""
    f_3, n_3, a_3 = hand.axes_33.T
    finger = np.cross(f_3, n_3)
    thumb = np.cross(unit(0.75 * f_3 + 0.55 * a_3 + 0.2 * n_3), unit(n_3 - 0.55 * a_3))
    return [unit(thumb), *[finger] * 4]


def bend(shoulder_3: Array, wrist_T3: Array, bones: tuple[float, float], towards_3: Array) -> Array:
    """The elbow [T,3] between shoulder and wrist, bent towards a direction; a wrist out of reach straightens it."""
    upper, fore = bones
    span_T3 = wrist_T3 - shoulder_3
    length_T1 = np.linalg.norm(span_T3, axis=1, keepdims=True)
    line_T3 = span_T3 / length_T1
    near_T1 = np.minimum(length_T1, 0.998 * (upper + fore))
    foot_T1 = (near_T1**2 + upper**2 - fore**2) / (2 * near_T1)
    out_T3 = unit(towards_3 - (line_T3 @ towards_3)[:, None] * line_T3)
    return shoulder_3 + foot_T1 * line_T3 + np.sqrt(np.maximum(upper**2 - foot_T1**2, 0)) * out_T3


def carried(from_3: Array, hinge_3: Array, to_T3: Array, hinge_T3: Array) -> Array:
    """The turns [T,3,3] that take a bone and its hinge to where they are now."""
    return _square(to_T3, hinge_T3) @ _square(from_3, hinge_3).T


def half_twisted(fore_T33: Array, wrist_T33: Array, bone_3: Array) -> Array:
    """The forearm's second half takes half of the hand's twist around the forearm."""
    relative_T33 = np.swapaxes(fore_T33, 1, 2) @ wrist_T33
    axis_3 = unit(bone_3)
    vector_T3 = np.stack(
        [
            relative_T33[:, 2, 1] - relative_T33[:, 1, 2],
            relative_T33[:, 0, 2] - relative_T33[:, 2, 0],
            relative_T33[:, 1, 0] - relative_T33[:, 0, 1],
        ],
        axis=1,
    )
    w_T = 1 + np.trace(relative_T33, axis1=1, axis2=2)  # quaternion (w, v), both times 4 w of the unit one
    twist_T = 2 * np.arctan2(vector_T3 @ axis_3, w_T)
    return fore_T33 @ around(axis_3, twist_T / 2)


def around(axis_3: Array, angle_T: Array) -> Array:
    """Rotations [T,3,3] by angles around one unit axis (Rodrigues)."""
    x, y, z = axis_3
    cross_33 = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    sine, cosine = np.sin(angle_T)[:, None, None], np.cos(angle_T)[:, None, None]
    return (np.eye(3) + sine * cross_33 + (1 - cosine) * (cross_33 @ cross_33)).astype(np.float32)


def unit(vectors: Array) -> Array:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def _square(along: Array, hinge: Array) -> Array:
    x = unit(along)
    y = unit(hinge - (hinge * x).sum(axis=-1, keepdims=True) * x)
    return np.stack([x, y, np.cross(x, y)], axis=-1)
