"""Triangles to pixels: one perspective camera, OpenCV's software rasteriser, no display and no system library.

The rasteriser writes only which triangle a sample shows. Where in that triangle (barycentric), and from there every
attribute, is solved for the covered samples alone; picture, structure, masks and boxes come from the same samples and
so always agree.

Shape legend: T frames, N vertices, F triangles, H W samples, P covered samples.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]  # float32 throughout
Index = NDArray[np.integer]
NEAR, FAR = 0.3, 20.0


@dataclass(frozen=True)
class Lens:
    """A camera on the line z = `distance`, x = 0, y = `centre_y`, that looks along -z; sizes in samples.

    `half_height`: metres from the picture's middle to its top, in the plane z = 0.
    """

    height: int
    width: int
    half_height: float
    centre_y: float
    distance: float = 2.6

    @property
    def slope(self) -> float:
        return self.half_height / self.distance

    def seen_from(self, points: Array) -> Array:
        """World points relative to the camera."""
        return points - np.array([0, self.centre_y, self.distance], np.float32)

    def project(self, points: Array) -> Array:
        """World points [..., 3] to sample positions [..., 2] (column, row); a sample's middle is at .5."""
        seen = self.seen_from(points)
        scale = self.height / 2 / self.slope / -seen[..., 2]
        return np.stack([self.width / 2 + seen[..., 0] * scale, self.height / 2 - seen[..., 1] * scale], axis=-1)

    def rays(self, row_P: Index, column_P: Index) -> Array:
        """Directions [P,3] through the samples' middles, z = -1."""
        unit = self.slope / (self.height / 2)
        x_P, y_P = (column_P + 0.5 - self.width / 2) * unit, (self.height / 2 - row_P - 0.5) * unit
        return np.stack([x_P, y_P, -np.ones_like(x_P)], axis=1).astype(np.float32)


@dataclass(frozen=True)
class Samples:
    """What the covered samples of one frame show."""

    row_P: Index
    column_P: Index
    face_P: Index
    share_P3: Array  # barycentric: how much of each of the face's three vertices
    depth_P: Array  # metres from the camera, along z

    def blend(self, values_N: Array, faces_F3: Index) -> Array:
        """A vertex attribute [N,C] at the samples [P,C]."""
        a_P, b_P, c_P = faces_F3[self.face_P].T
        u_P1, v_P1, w_P1 = (self.share_P3[:, corner, None] for corner in range(3))
        return u_P1 * values_N[a_P] + v_P1 * values_N[b_P] + w_P1 * values_N[c_P]


def rasterise(vertices_N3: Array, faces_F3: Index, lens: Lens) -> Samples:
    """The nearest triangle of every sample that shows one."""
    corners_F33 = lens.seen_from(vertices_N3)[faces_F3]
    own_F3, colours_N3 = numbered(len(faces_F3))
    seen_HW3 = np.zeros((lens.height, lens.width, 3), np.float32)
    depth_HW = np.full((lens.height, lens.width), FAR, np.float32)
    cv2.setNumThreads(1)  # clips are filmed by processes of their own
    settings = cv2.TriangleRasterizeSettings()
    settings.setShadingType(cv2.RASTERIZE_SHADING_FLAT)
    settings.setCullingMode(cv2.RASTERIZE_CULLING_NONE)
    corners_N3 = np.ascontiguousarray(corners_F33.reshape(-1, 3), np.float32)
    eye = np.eye(4, dtype=np.float32)
    fov = 2 * float(np.arctan(lens.slope))
    seen_HW3, _ = cv2.triangleRasterize(
        corners_N3, own_F3, colours_N3, seen_HW3, depth_HW, eye, fov, NEAR, FAR, settings
    )
    row_P, column_P = np.nonzero(seen_HW3[..., 0])
    face_P = seen_HW3[row_P, column_P, 0].astype(np.int64) - 1
    corners_P33 = corners_F33[face_P]
    share_P3 = barycentric(corners_P33, lens.rays(row_P, column_P))
    depth_P = -np.einsum("pi,pi->p", share_P3, corners_P33[..., 2])
    return Samples(row_P, column_P, face_P, share_P3, depth_P)


@lru_cache(maxsize=4)
def numbered(faces: int) -> tuple[Index, Array]:
    """Triangles with corners of their own, and each triangle's number from 1 up as its corners' first colour."""
    number_F = np.arange(1, faces + 1, dtype=np.float32)
    colours_N3 = np.repeat(number_F, 3)[:, None] * np.array([1, 0, 0], np.float32)
    return np.arange(3 * faces, dtype=np.int32).reshape(-1, 3), colours_N3


def barycentric(corners_P33: Array, rays_P3: Array) -> Array:
    """Where the ray from the origin meets each triangle's plane, as shares of its corners [P,3]; never outside."""
    x_P3, y_P3, z_P3 = (corners_P33[..., axis] for axis in range(3))
    # moved along the ray to the plane z = 0, the shared point falls on the origin: shares are orthogonal to x and to y
    px_P3, py_P3 = x_P3 + rays_P3[:, :1] * z_P3, y_P3 + rays_P3[:, 1:2] * z_P3
    b_P3, c_P3 = [1, 2, 0], [2, 0, 1]
    share_P3 = px_P3[:, b_P3] * py_P3[:, c_P3] - py_P3[:, b_P3] * px_P3[:, c_P3]
    total_P1 = share_P3.sum(axis=1, keepdims=True)
    share_P3 = np.clip(share_P3 / np.where(np.abs(total_P1) < 1e-12, 1e-12, total_P1), 0, 1)
    return share_P3 / np.maximum(share_P3.sum(axis=1, keepdims=True), 1e-6)


def vertex_normals(vertices_TN3: Array, faces_F3: Index) -> Array:
    """Unit normals [T,N,3], each the mean of the faces around a vertex, weighted by their area."""
    a, b, c = (vertices_TN3[:, faces_F3[:, corner]] for corner in range(3))
    across_TF3 = np.cross(b - a, c - a)
    normals_TN3 = np.zeros_like(vertices_TN3)
    count = vertices_TN3.shape[1]
    for frame in range(len(vertices_TN3)):
        for axis in range(3):
            weights = np.tile(across_TF3[frame, :, axis], 3)
            normals_TN3[frame, :, axis] = np.bincount(faces_F3.T.ravel(), weights, count)
    return normals_TN3 / (np.linalg.norm(normals_TN3, axis=2, keepdims=True) + np.float32(1e-12))
