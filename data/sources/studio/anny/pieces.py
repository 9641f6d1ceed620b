"""A posed person and the product as one mesh: what the camera sees of a clip.

Shape legend: T frames, N vertices, F triangles.
"""

import numpy as np
from numpy.typing import NDArray

from data.sources.studio.anny.body import SHAPE_COORDINATES, Figure, body, figure, skin
from data.sources.studio.anny.film_set import Piece, Stuff, dressed, hair, joined, level, piece, table, teeth
from data.sources.studio.anny.goods import Goods, goods
from data.sources.studio.anny.pose import PosedPerson
from data.sources.studio.scene import Scene
from data.sources.studio.shapes import Part

Array = NDArray[np.floating]
DOLL = 1.4  # larger than life: in 96 rows a life-size mouth is three pixels
SMILE, WIDE = 0.25, 0.85  # shares of Anny's own face actions
FARTHEST = 1.7  # deviations from the mean adult


def figure_of(seed: int, index: int, fine: bool) -> Figure:
    """The body of clip `index`: an adult of Anny's, with the head of a doll where the picture is not fine."""
    shape_K = np.random.default_rng([seed, index, 3]).uniform(-FARTHEST, FARTHEST, SHAPE_COORDINATES)
    return figure(shape_K.astype(np.float32), head=1.0 if fine else DOLL)


def whole_set(who: Figure, scene: Scene, posed: PosedPerson, fine: bool) -> Piece:
    """Person, table and, where one is held, the product in every frame of the pose."""
    pieces = [clothed_body(who, scene, posed, fine), table(), fixed_to_head(who, posed, *hair(who, scene.identity))]
    if fine:
        pieces.append(fixed_to_head(who, posed, *teeth(who), part=Part.FACE, stuff=Stuff.TEETH))
    if posed.hand is not None:
        thing = goods(scene.product.kind, -posed.hand.side)
        moved_TN3 = thing.vertices_N3 @ posed.product_T33.swapaxes(1, 2) + posed.product_T3[:, None]
        pieces.append(product_piece(thing, moved_TN3))
    return joined(pieces, len(posed.mouth_T))


def clothed_body(who: Figure, scene: Scene, posed: PosedPerson, fine: bool) -> Piece:
    """The body with its mouth as open as the sound asks for."""
    its, actions = level(not fine), body().actions
    speaking_Tn3 = WIDE * posed.mouth_T[:, None, None] * actions["open"][its.vertices]
    face_Tn3 = who.head_N1[its.vertices] * (speaking_Tn3 + SMILE * actions["smile"][its.vertices])
    rest_Tn3 = dressed(who, scene.identity)[its.vertices] + face_Tn3
    skin_Tn3 = skin(who, posed.turns_TJ33, posed.heads_TJ3, rest_Tn3.astype(np.float32), its.vertices)
    return Piece(skin_Tn3, body().mean_N3[its.vertices], its.faces_F3, its.part_F, its.stuff_F)


def fixed_to_head(
    who: Figure,
    posed: PosedPerson,
    rest_N3: Array,
    faces_F3: NDArray[np.integer],
    part: Part = Part.HAIR,
    stuff: Stuff = Stuff.HAIR,
) -> Piece:
    head = body().bone("head")
    turned_TN3 = (rest_N3 - who.heads_J3[head]) @ posed.turns_TJ33[:, head].swapaxes(1, 2)
    return piece((turned_TN3 + posed.heads_TJ3[:, None, head]).astype(np.float32), rest_N3, faces_F3, part, stuff)


def product_piece(thing: Goods, vertices_TN3: Array) -> Piece:
    part_F = np.full(len(thing.faces_F3), Part.PRODUCT, np.uint8)
    stuff_F = np.where(thing.lid_F, Stuff.LID, Stuff.PRODUCT).astype(np.uint8)
    return Piece(vertices_TN3.astype(np.float32), thing.vertices_N3, thing.faces_F3, part_F, stuff_F)
