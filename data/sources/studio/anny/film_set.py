"""A clip's whole set as one mesh: body in clothes, hair, teeth, table and the product in the hand.

Shape legend: T frames, N vertices, F triangles, P samples.
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import cache

import numpy as np
from numpy.typing import NDArray
from trimesh.creation import icosphere

from data.sources.studio.anny.body import Figure, body
from data.sources.studio.anny.paint import in_clothes, in_hair
from data.sources.studio.scene import HairStyle, Identity
from data.sources.studio.shapes import Part

Array = NDArray[np.floating]
Index = NDArray[np.integer]
CLOTH_METRES, TABLE_Y = 0.007, 0.085
CELLS_METRES = {"hand": 0.012, "head": 0.007, "body": 0.028}
THICKNESS: dict[HairStyle, float] = {"short": 0.013, "long": 0.015, "bob": 0.017, "bun": 0.011, "curly": 0.034}
ENDS: dict[HairStyle, float] = {"long": 0.62, "bob": 0.755}


class Stuff(IntEnum):
    """How a triangle is painted."""

    BODY = 0
    EYE = 1
    HAIR = 2
    TEETH = 3
    MOUTH = 4
    TABLE = 5
    PRODUCT = 6
    LID = 7


@dataclass(frozen=True)
class Piece:
    """One mesh of the set: `at_N3` is where the paint looks, `part_F` and `stuff_F` what a triangle is."""

    vertices_TN3: Array  # T = 1 where it stands still
    at_N3: Array
    faces_F3: Index
    part_F: Index
    stuff_F: Index


def joined(pieces: list[Piece], frames: int) -> Piece:
    starts = np.cumsum([0, *(len(piece.at_N3) for piece in pieces)])
    return Piece(
        np.concatenate([np.broadcast_to(p.vertices_TN3, (frames, *p.at_N3.shape)) for p in pieces], axis=1),
        np.concatenate([piece.at_N3 for piece in pieces]),
        np.concatenate([piece.faces_F3 + start for piece, start in zip(pieces, starts, strict=False)]),
        np.concatenate([piece.part_F for piece in pieces]),
        np.concatenate([piece.stuff_F for piece in pieces]),
    )


def piece(vertices_TN3: Array, at_N3: Array, faces_F3: Index, part: Part, stuff: Stuff) -> Piece:
    """A piece of one part and stuff."""
    flat_F = np.zeros(len(faces_F3), np.uint8)
    return Piece(vertices_TN3, at_N3, faces_F3, flat_F + np.uint8(part), flat_F + np.uint8(stuff))


@dataclass(frozen=True)
class Level:
    """The body's triangles, all of them or fewer: which vertices they use, what part and stuff each triangle is."""

    vertices: Index
    faces_F3: Index  # into `vertices`
    part_F: Index
    stuff_F: Index


@cache
def level(coarse: bool) -> Level:
    """All triangles, or, for pictures too small to tell, those left when near vertices become one."""
    vertices, faces_F3, part_F, stuff_F = np.arange(len(body().mean_N3)), body().faces_F3, *body_labels()
    above_F = body().mean_N3[faces_F3][..., 1].max(axis=1) > TABLE_Y - 0.10
    if coarse:
        stands_for_N = clustered()
        faces_F3 = stands_for_N[faces_F3]
        a, b, c = faces_F3.T
        above_F &= (a != b) & (b != c) & (c != a)
    vertices, faces_F3 = np.unique(faces_F3[above_F], return_inverse=True)
    return Level(vertices, faces_F3.reshape(-1, 3), part_F[above_F], stuff_F[above_F])


def clustered() -> Index:
    """For every vertex the one that stands for it: the first in its cell of space that moves with the same bone."""
    x_N, y_N, z_N = body().mean_N3.T
    bone_N = body().bone_N
    hands = np.isin(bone_N, body().below("wrist.L") + body().below("wrist.R"))
    cell_N = np.where(hands, CELLS_METRES["hand"], np.where(y_N > 0.72, CELLS_METRES["head"], CELLS_METRES["body"]))
    mouth_N = (np.abs(x_N) < 0.035) & (np.abs(y_N - 0.78) < 0.035) & (z_N > 0.10)  # stays as it is: lips must part
    own_N = np.where(mouth_N, np.arange(len(mouth_N)), -1)
    cell_N3 = np.round(body().mean_N3 / cell_N[:, None]).astype(int)
    key_N5 = np.column_stack([cell_N3, bone_N, own_N])
    _, first_K, cluster_N = np.unique(key_N5, axis=0, return_index=True, return_inverse=True)
    return first_K[cluster_N.ravel()]


def body_labels() -> tuple[Index, Index]:
    """Part and stuff of every triangle of the body [F]."""
    bones, faces_F3, mean_N3 = body(), body().faces_F3, body().mean_N3
    bone_F = bones.weights_NJ[faces_F3].sum(axis=1).argmax(axis=1)
    middle_F3 = mean_N3[faces_F3].mean(axis=1)
    part_F = np.full(len(faces_F3), Part.BODY, np.uint8)
    part_F[np.isin(bone_F, bones.below("head")) & (middle_F3[:, 2] > 0.02) & (middle_F3[:, 1] > 0.735)] = Part.FACE
    part_F[np.isin(bone_F, bones.below("wrist.L"))] = Part.LEFT_HAND
    part_F[np.isin(bone_F, bones.below("wrist.R"))] = Part.RIGHT_HAND
    stuff_F = np.full(len(faces_F3), Stuff.BODY, np.uint8)
    eyes = [bones.bone("eye.L"), bones.bone("eye.R")]
    stuff_F[np.isin(bone_F, eyes)] = Stuff.EYE
    return part_F, stuff_F


def dressed(who: Figure, identity: Identity) -> Array:
    """The body at rest [N,3], moved out to the surface of its clothes where it wears some."""
    worn_N = np.clip(in_clothes(identity, body().mean_N3) / 0.01, 0, 1)
    return who.rest_N3 + (CLOTH_METRES * worn_N)[:, None] * who.normals_N3


def hair(who: Figure, identity: Identity) -> tuple[Array, Index]:
    """The hair at rest, all of it fixed to the head: vertices [N,3] and triangles."""
    faces_F3 = body().faces_F3
    above_N = in_hair(identity, body().mean_N3)
    grown_F3 = faces_F3[
        (above_N[faces_F3] > -0.008).all(axis=1) & (body().mean_N3[faces_F3][..., 1] > 0.74).all(axis=1)
    ]
    kept, grown_F3 = np.unique(grown_F3, return_inverse=True)
    thick_N = who.head_N1[kept, 0] * THICKNESS[identity.hair_style] * np.clip((above_N[kept] + 0.004) / 0.022, -0.15, 1)
    if identity.hair_style == "curly":
        place_N3 = body().mean_N3[kept]
        thick_N *= 1 + 0.22 * np.sin(150 * place_N3[:, 0]) * np.sin(140 * place_N3[:, 1]) * np.sin(160 * place_N3[:, 2])
    meshes: list[tuple[Array, Index]] = [
        (who.rest_N3[kept] + thick_N[:, None] * who.normals_N3[kept], grown_F3.reshape(-1, 3))
    ]
    if identity.hair_style in ENDS:
        curtain, strands_F3 = _curtain(ENDS[identity.hair_style])
        meshes.append((on_head(who, curtain), strands_F3))
    if identity.hair_style == "bun":
        knot = icosphere(3, 0.043)
        meshes.append((on_head(who, knot.vertices + np.array([0, 0.995, -0.005])), knot.faces))
    starts = np.cumsum([0, *(len(vertices) for vertices, _ in meshes)])
    vertices_N3 = np.concatenate([vertices for vertices, _ in meshes]).astype(np.float32)
    return vertices_N3, np.concatenate([f + start for (_, f), start in zip(meshes, starts, strict=False)])


def on_head(who: Figure, places_N3: Array) -> Array:
    """Places around the mean head, around this person's."""
    bone, scale = body().bone("head"), float(who.head_N1.max())
    return who.heads_J3[bone] + scale * (places_N3 - body().heads_J3[bone])


def _curtain(end_y: float) -> tuple[Array, Index]:
    """Hair that hangs from the crown around back and sides down to `end_y`."""
    rows, columns = 14, 40
    angle_1C = np.linspace(-2.25, 2.25, columns)[None]  # 0: the back
    y_R1 = np.linspace(0.935, end_y, rows)[:, None]
    down_R1 = np.linspace(0, 1, rows)[:, None]
    wide_R1 = 0.078 + 0.020 * np.sqrt(down_R1) + 0.012 * down_R1
    deep_R1 = 0.092 + 0.012 * np.sqrt(down_R1)
    wave = 1 + 0.03 * np.sin(9 * angle_1C)
    points = [wide_R1 * np.sin(angle_1C) * wave, y_R1 + 0 * angle_1C, 0.028 - deep_R1 * np.cos(angle_1C) * wave]
    vertices_N3 = np.stack(points, axis=-1).reshape(-1, 3)
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    first = np.stack([corner, corner + columns, corner + 1], axis=1)
    return vertices_N3, np.concatenate([first, np.stack([corner + 1, corner + columns, corner + columns + 1], axis=1)])


def teeth(who: Figure) -> tuple[Array, Index]:
    """The upper row, a band along an arc behind the upper lip, fixed to the head."""
    angle_C = np.linspace(-1.05, 1.05, 15)
    arc_C3 = np.stack([0.023 * np.sin(angle_C), np.zeros(15), 0.117 + 0.023 * np.cos(angle_C)], axis=1)
    rows = [arc_C3 + np.array([0, y, 0]) for y in (0.7835, 0.7755)]
    corner = np.arange(14)
    first = np.stack([corner, corner + 15, corner + 1], axis=1)
    faces = np.concatenate([first, np.stack([corner + 1, corner + 15, corner + 16], axis=1)])
    return on_head(who, np.concatenate(rows)).astype(np.float32), faces


def table() -> Piece:
    """A slab: its top and its front edge."""
    x, near, far = 3.0, 0.55, 0.10
    top = [(-x, TABLE_Y, near), (x, TABLE_Y, near), (x, TABLE_Y, far), (-x, TABLE_Y, far)]
    front = [(-x, TABLE_Y, near), (x, TABLE_Y, near), (x, TABLE_Y - 0.9, near), (-x, TABLE_Y - 0.9, near)]
    vertices_N3 = np.array([*top, *front], np.float32)
    faces_F3 = np.array([(0, 1, 2), (0, 2, 3), (4, 6, 5), (4, 7, 6)])
    return piece(vertices_N3[None], vertices_N3, faces_F3, Part.TABLE, Stuff.TABLE)
