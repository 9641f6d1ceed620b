"""The products as meshes in axes of their own (y up, label towards +z), with the exact distance to what a hand grips.

Shape legend: N vertices, F triangles, P points.
"""

from dataclasses import dataclass

import numpy as np
import trimesh
from numpy.typing import NDArray
from trimesh.creation import box as cuboid_mesh
from trimesh.creation import icosphere, revolve, torus

from data.sources.studio.scene import ProductKind

Array = NDArray[np.floating]
Point = tuple[float, float, float]
# metres: half width, half height, half depth of the part a hand closes around
GRIPS: dict[ProductKind, Point] = {
    "bottle": (0.037, 0.085, 0.037),
    "mug": (0.044, 0.052, 0.044),
    "box": (0.056, 0.080, 0.027),
    "ball": (0.047, 0.047, 0.047),
    "jar": (0.045, 0.056, 0.045),
    "can": (0.036, 0.068, 0.036),
    "carton": (0.043, 0.085, 0.032),
}
ROUND: tuple[ProductKind, ...] = ("bottle", "mug", "jar", "can")
BEVEL = 0.003
SECTIONS = 36


@dataclass(frozen=True)
class Goods:
    """A product's mesh; `lid_F` is true where it shows the lid instead of the body."""

    vertices_N3: Array
    faces_F3: NDArray[np.int32]
    lid_F: NDArray[np.bool_]


def goods(kind: ProductKind, handle_side: int) -> Goods:
    """The mesh of a product; `handle_side` (+1 or -1 in x): where a mug's handle goes."""
    width, height, depth = GRIPS[kind]
    if kind == "ball":
        return _joined([(icosphere(3, width), False)])
    if kind in {"box", "carton"}:
        parts = [(_cuboid((0, 0, 0), (width, height, depth)), False)]
        if kind == "carton":
            parts.append((_cuboid((0, height + 0.012, 0), (width * 0.85, 0.014, depth * 0.55)), False))
            parts.append((_cuboid((0, height + 0.034, 0), (width * 0.85, 0.010, depth * 0.25)), True))
        return _joined(parts)
    tube = _turned([(width, -height), (width, height)])
    if kind == "bottle":
        body = _turned([(width, -height), (width, height), (0.016, height + 0.045), (0.015, height + 0.055)])
        return _joined([(body, False), (_turned([(0.018, height + 0.050), (0.018, height + 0.080)]), True)])
    if kind == "jar":
        return _joined([(tube, False), (_turned([(width * 0.93, height), (width * 0.93, height + 0.022)]), True)])
    if kind == "can":
        rims = [(_turned([(width * 0.93, y - 0.004), (width * 0.93, y + 0.004)]), True) for y in (-height, height)]
        return _joined([(tube, False), *rims])
    ring = torus(major_radius=0.028, minor_radius=0.007, major_sections=20, minor_sections=10)
    ring.apply_translation((handle_side * (width + 0.012), 0, 0))
    return _joined([(tube, False), (ring, False)])


def distance_to_grip(kind: ProductKind, points_P3: Array) -> Array:
    """Signed distance [P] in metres from the part a hand grips: below 0 inside. Exact."""
    width, height, depth = GRIPS[kind]
    if kind == "ball":
        return np.linalg.norm(points_P3, axis=-1) - width
    if kind in ROUND:
        over = np.stack(
            [np.hypot(points_P3[..., 0], points_P3[..., 2]) - width, np.abs(points_P3[..., 1]) - height], -1
        )
    else:
        over = np.abs(points_P3) - np.array([width, height, depth], np.float32)
    return np.linalg.norm(np.maximum(over, 0), axis=-1) + np.minimum(over.max(axis=-1), 0)


def _turned(profile: list[tuple[float, float]]) -> trimesh.Trimesh:
    """A solid of revolution around y through (radius, y) points from bottom to top, closed and slightly bevelled."""
    (bottom, low), (top, high) = profile[0], profile[-1]
    line = [(0, low), (bottom - BEVEL, low), (bottom, low + BEVEL), *profile[1:-1], (top, high - BEVEL)]
    mesh = revolve(np.array([*line, (top - BEVEL, high), (0, high)]), sections=SECTIONS)
    mesh.vertices = mesh.vertices[:, [1, 2, 0]]  # revolve turns around z
    return mesh


def _cuboid(centre: Point, half: Point) -> trimesh.Trimesh:
    mesh = cuboid_mesh(extents=2 * np.array(half))
    mesh.unmerge_vertices()  # flat sides
    mesh.apply_translation(centre)
    return mesh


def _joined(parts: list[tuple[trimesh.Trimesh, bool]]) -> Goods:
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh, _ in parts)])
    return Goods(
        np.concatenate([mesh.vertices for mesh, _ in parts]).astype(np.float32),
        np.concatenate([mesh.faces + start for (mesh, _), start in zip(parts, starts, strict=False)]).astype(np.int32),
        np.concatenate([np.full(len(mesh.faces), lid) for mesh, lid in parts]),
    )
