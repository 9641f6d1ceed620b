"""Close a hand around a product until it touches: palm first, then every joint of every digit, from the palm outward.

All in the hand at rest, where a product held fast never moves: solved once a clip, exact for all its frames.

Shape legend: N vertices of the hand, J bones, C bends tried, F triangles, P points.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.sources.studio.anny.arm import HandFrame, curl
from data.sources.studio.anny.body import Figure, body, posed_heads, skin
from data.sources.studio.anny.goods import GRIPS, ROUND, distance_to_grip
from data.sources.studio.scene import ProductKind

Array = NDArray[np.floating]
TRIED = 13  # bends a joint and round
WIDEST = (1.35, 1.75, 1.25)  # radians of a finger's three joints
MOVES = 0.1  # weight from which a vertex counts as moved by a joint
OPEN_THUMB, OPENEST = -0.35, -0.9
YAW = 0.45  # radians by which the palm goes behind a round product
SINK = 0.0015  # metres flesh gives way


@dataclass(frozen=True)
class Grip:
    """Where the product lies in the hand at rest, and how the digits bend."""

    centre_3: Array
    axes_33: Array  # the product's own axes, as columns
    bends: list[Array]  # radians [1,3] a digit, thumb first


def grip(who: Figure, hand: HandFrame, kind: ProductKind) -> Grip:
    axes_33 = hand.axes_33 @ hand_in_product(hand.side, kind).T
    vertices = np.nonzero(np.isin(body().bone_N, body().below(f"wrist.{hand.letter}")))[0]
    bends = [np.array([[OPEN_THUMB, 0, 0]]), *[np.array([[0.30, 0.10, 0.05]])] * 4]

    def away(bends: list[Array], centre_3: Array, some: NDArray[np.intp]) -> Array:
        frames = max(len(each) for each in bends)
        turns = np.tile(np.eye(3, dtype=np.float32), (frames, len(body().bones), 1, 1))
        curl(hand, turns, [np.broadcast_to(each, (frames, 3)) for each in bends])
        points = skin(who, turns, posed_heads(who, turns), who.rest_N3[None, some], some)
        return distance_to_grip(kind, (points - centre_3) @ axes_33)

    thumb = np.isin(body().bone_N[vertices], body().below(f"finger1-1.{hand.letter}"))
    centre_3 = palm_contact(hand, kind, lambda centre: away(bends, centre, vertices[~thumb]).min())
    for digit, joints in enumerate(hand.digits):
        for place in range(3):
            tried_C3 = np.repeat(bends[digit], TRIED, axis=0)
            widest = (0.9, 0.8, 0.9)[place] if digit == 0 else WIDEST[place]
            tried_C3[:, place] = np.linspace(
                OPENEST if digit == 0 and place == 0 else bends[digit][0, place], widest, TRIED
            )
            moved = np.nonzero(body().weights_NJ[:, body().below(joints[place])].sum(axis=1) > MOVES)[0]
            nearest_C = away([*bends[:digit], tried_C3, *bends[digit + 1 :]], centre_3, moved).min(axis=1)
            bends[digit] = last_outside(tried_C3, nearest_C)
    return Grip(centre_3.astype(np.float32), axes_33.astype(np.float32), bends)


def hand_in_product(side: int, kind: ProductKind) -> Array:
    """The hand's f, n, a as columns in the product's own axes: palm inward, fingers to the front, thumb up."""
    yaw = YAW if kind in ROUND or kind == "ball" else 0.0
    f_3 = np.array([side * np.sin(yaw), 0, np.cos(yaw)])
    n_3 = np.array([-side * np.cos(yaw), 0, np.sin(yaw)])
    return np.stack([f_3, n_3, np.array([0.0, 1.0, 0.0])], axis=1)


def palm_contact(hand: HandFrame, kind: ProductKind, nearest: Callable[[Array], float]) -> Array:
    """The product's centre, moved along the palm's normal until palm or fingers touch it."""
    _, n_3, a_3 = hand.axes_33.T
    f_3 = hand.axes_33[:, 0]
    start_3 = hand.palm_3 + 0.012 * f_3 + 0.1 * GRIPS[kind][1] * a_3
    near, far = 0.0, 0.16
    for _ in range(12):
        middle = (near + far) / 2
        near, far = (near, middle) if nearest(start_3 + middle * n_3) > -SINK else (middle, far)
    return start_3 + far * n_3


def last_outside(tried_C3: Array, nearest_C: Array) -> Array:
    """The bend just before the digit would sink in, between two tried ones; the widest where it never does."""
    inside = np.nonzero(nearest_C < -SINK)[0]
    if not inside.size:
        return tried_C3[-1:]
    first = int(inside[0])
    if first == 0:
        return tried_C3[:1]
    before, after = nearest_C[first - 1] + SINK, nearest_C[first] + SINK
    share = before / (before - after)
    return tried_C3[first - 1 : first] * (1 - share) + tried_C3[first : first + 1] * share


def mesh_distance(points_P3: Array, corners_F33: Array) -> Array:
    """Unsigned distance [P] from points to the nearest point of a triangle mesh. Exact (Ericson, 2005, 5.1.5)."""
    a, b, c = (corners_F33[None, :, corner] for corner in range(3))
    p = points_P3[:, None]
    ab, ac, bc = b - a, c - a, c - b
    normal = np.cross(ab, ac)
    area2 = np.maximum((normal * normal).sum(-1), 1e-18)
    w = (np.cross(ab, p - a) * normal).sum(-1) / area2
    v = (np.cross(p - a, ac) * normal).sum(-1) / area2
    inside = (v >= 0) & (w >= 0) & (v + w <= 1)
    flat = np.abs(((p - a) * normal).sum(-1)) / np.sqrt(area2)
    edges = np.minimum.reduce([_segment(p, a, ab), _segment(p, a, ac), _segment(p, b, bc)])
    return np.where(inside, flat, edges).min(axis=1)


def _segment(p: Array, start: Array, step: Array) -> Array:
    share = np.clip(((p - start) * step).sum(-1) / np.maximum((step * step).sum(-1), 1e-18), 0, 1)
    return np.linalg.norm(p - start - share[..., None] * step, axis=-1)
