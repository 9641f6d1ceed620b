"""What is known exactly about a filmed clip beyond its record: `truth.npz` beside the clip, arrays only.

| key | shape | what |
|---|---|---|
| `parts_TYX` | frames, height, width, uint8 | bit set of what each pixel shows: bit p is `Part(p)` of `../shapes.py` |
| `body_TK3` | frames, 17, 3 | COCO landmarks: x, y in pixels, 1 seen, 0.5 hidden, 0 outside the picture |
| `left_hand_TK3`, `right_hand_TK3` | frames, 21, 3 | the same for a hand: wrist, then thumb to little finger |
| `product_T34` | frames, 3, 4 | the product's axes and centre, metres (x to the person's left, z to the camera) |
| `camera_3` | 3 | half height in metres at z = 0, height of the lens, its distance from z = 0 |
| `contact_6` | 6 | metres from the holding hand's mesh to the product's: thumb, four fingers, palm |
| `sunk` | | how deep the hand sinks into what it grips, metres |
| `mouth_T` | frames | opening, 0 closed .. 1 wide open |

Shape legend: T frames, K landmarks, N vertices, F triangles, J bones, P points.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.sources.studio.anny.body import Figure, body, skin
from data.sources.studio.anny.goods import distance_to_grip, goods
from data.sources.studio.anny.grip import mesh_distance
from data.sources.studio.anny.pose import PosedPerson
from data.sources.studio.raster import Lens
from data.sources.studio.scene import ProductKind
from data.sources.studio.shapes import Part

Array = NDArray[np.floating]
NOSE, EAR, EYE = (0.0, 0.818, 0.175), (0.094, 0.83, 0.045), (0.0305, 0.8556, 0.14)
SEEN, HIDDEN = 1.0, 0.5
NEAR_ENOUGH = 96  # vertices of a digit nearest to the product; the others are farther from its mesh


def truth_of(
    who: Figure, posed: PosedPerson, parts_TYX: NDArray[np.uint8], lens: Lens, kind: ProductKind
) -> dict[str, NDArray[Any]]:
    """All of `truth.npz` but `mouth_T`, for the frames given."""
    frames, height, _ = parts_TYX.shape
    contact_6, sunk = contact(who, posed, kind)
    scale = np.float32(height / lens.height)
    person = sum(1 << part for part in (Part.BODY, Part.FACE, Part.HAIR, Part.LEFT_HAND, Part.RIGHT_HAND))

    def landmarks(points_TK3: Array, bits: int) -> Array:
        return seen_at(lens.project(points_TK3) * scale, parts_TYX, bits)

    product_T34 = np.concatenate([posed.product_T33, posed.product_T3[..., None]], axis=2)
    return {
        "parts_TYX": parts_TYX,
        "body_TK3": landmarks(body_points(who, posed), person),
        "left_hand_TK3": landmarks(hand_points(who, posed, "L"), 1 << Part.LEFT_HAND),
        "right_hand_TK3": landmarks(hand_points(who, posed, "R"), 1 << Part.RIGHT_HAND),
        "product_T34": product_T34[-frames:].astype(np.float32),
        "camera_3": np.array([lens.half_height, lens.centre_y, lens.distance], np.float32),
        "contact_6": contact_6,
        "sunk": np.array(sunk, np.float32),
    }


def seen_at(xy_TK2: Array, parts_TYX: NDArray[np.uint8], bits: int) -> Array:
    """Landmarks [T,K,3] with the third number: does the pixel there show the part they belong to."""
    frames, height, width = parts_TYX.shape
    xy_TK2 = xy_TK2[-frames:]
    column_TK, row_TK = (np.floor(xy_TK2[..., axis]).astype(int) for axis in range(2))
    inside_TK = (column_TK >= 0) & (column_TK < width) & (row_TK >= 0) & (row_TK < height)
    at_TK = parts_TYX[np.arange(frames)[:, None], np.clip(row_TK, 0, height - 1), np.clip(column_TK, 0, width - 1)]
    sure_TK = np.where((at_TK & bits) > 0, SEEN, HIDDEN) * inside_TK
    return np.concatenate([xy_TK2, sure_TK[..., None]], axis=2).astype(np.float32)


def body_points(who: Figure, posed: PosedPerson) -> Array:
    """COCO's 17 points [T,17,3]: nose, eyes, ears, then joints from shoulder to ankle; left before right."""
    faces = [NOSE, EYE, mirrored(EYE), EAR, mirrored(EAR)]
    nearest = np.array([np.linalg.norm(body().mean_N3 - np.array(point), axis=1).argmin() for point in faces])
    joints = ("upperarm01", "lowerarm01", "wrist", "upperleg01", "lowerleg01", "foot")
    bones = [body().bone(f"{joint}.{letter}") for joint in joints for letter in "LR"]
    return np.concatenate([skin_of(who, posed, nearest), posed.heads_TJ3[:, bones]], axis=1)


def hand_points(who: Figure, posed: PosedPerson, letter: str) -> Array:
    """The wrist, and of every digit three joints and the tip [T,21,3]."""
    tips, bone_N = [], body().bone_N
    joints = [[f"finger{digit}-{joint}.{letter}" for joint in (1, 2, 3)] for digit in range(1, 6)]
    for names in joints:
        last = np.nonzero(bone_N == body().bone(names[2]))[0]
        tips.append(int(last[(who.rest_N3[last] @ (who.head_of(names[2]) - who.head_of(names[1]))).argmax()]))
    tips_T53 = skin_of(who, posed, np.array(tips))
    points = [posed.heads_TJ3[:, body().bone(f"wrist.{letter}")]]
    for digit, names in enumerate(joints):
        points += [*(posed.heads_TJ3[:, body().bone(name)] for name in names), tips_T53[:, digit]]
    return np.stack(points, axis=1)


def skin_of(who: Figure, posed: PosedPerson, vertices: NDArray[np.intp], frames: int | None = None) -> Array:
    """These vertices in the first frames, or in all, [T,n,3]; the mouth closed."""
    turns, heads = posed.turns_TJ33[:frames], posed.heads_TJ3[:frames]
    return skin(who, turns, heads, who.rest_N3[None, vertices], vertices)


def contact(who: Figure, posed: PosedPerson, kind: ProductKind) -> tuple[Array, float]:
    """Distances [6] from the first frame's holding hand to the product's mesh, and how deep it sinks into the grip."""
    assert posed.hand is not None
    thing = goods(kind, -posed.hand.side)
    corners_F33 = thing.vertices_N3[thing.faces_F3]
    bone_N = body().bone_N
    hand = np.nonzero(np.isin(bone_N, body().below(f"wrist.{posed.hand.letter}")))[0]
    local_N3 = (skin_of(who, posed, hand, 1)[0] - posed.product_T3[0]) @ posed.product_T33[0]
    digits = [np.isin(bone_N[hand], body().below(joints[0])) for joints in posed.hand.digits]
    palm = ~np.logical_or.reduce(digits)
    nearest: list[float] = []
    depth = 0.0
    for some_N3 in (local_N3[group] for group in (*digits, palm)):
        outside_P = distance_to_grip(kind, some_N3)
        depth = max(depth, -float(outside_P.min()))
        nearest.append(float(mesh_distance(some_N3[np.argsort(outside_P)[:NEAR_ENOUGH]], corners_F33).min()))
    return np.array(nearest, np.float32), depth


def mirrored(point: tuple[float, float, float]) -> tuple[float, float, float]:
    return -point[0], point[1], point[2]
