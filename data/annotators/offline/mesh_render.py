"""Draw a mesh without texture: lit triangles, far ones first, on black. A body's triangles are small: that is enough.

Shape legend: V vertices, F triangles, H W pixels, C = 3 colours (RGB, uint8).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from data.annotators.contracts import Frames

SKIN = np.array([232, 224, 212], np.float32)  # plaster, as in the authors' structure videos
AMBIENT = 0.45
LIGHT = np.array([-0.3, -0.4, -0.87], np.float32)  # from the camera's upper left, in its axes (x right, y down, z away)
SUBPIXEL_BITS = 4


def render_mesh(
    pixels_V2: NDArray[np.float32], metres_V3: NDArray[np.float32], faces_F3: NDArray[np.int64], height: int, width: int
) -> Frames:
    """One frame [H,W,3]."""
    picture_HWC = np.zeros((height, width, 3), np.uint8)
    corners_F33 = metres_V3[faces_F3]
    flat_F3 = np.cross(corners_F33[:, 1] - corners_F33[:, 0], corners_F33[:, 2] - corners_F33[:, 0])
    faces_us = (flat_F3 * corners_F33.mean(axis=1)).sum(axis=1) < 0
    normals_F3 = _smooth(flat_F3.astype(np.float32), faces_F3, len(metres_V3))
    order = np.flatnonzero(faces_us)[np.argsort(-corners_F33[faces_us, :, 2].mean(axis=1))]
    lit_F = AMBIENT + (1 - AMBIENT) * np.clip(normals_F3 @ LIGHT, 0, 1)
    colours_F3 = (lit_F[:, None] * SKIN).astype(np.uint8)
    triangles_F32 = np.round(pixels_V2[faces_F3] * 2**SUBPIXEL_BITS).astype(np.int32)
    for face in order:
        colour = colours_F3[face].tolist()
        cv2.fillConvexPoly(picture_HWC, triangles_F32[face], colour, cv2.LINE_8, SUBPIXEL_BITS)
    return picture_HWC


def _smooth(flat_F3: NDArray[np.float32], faces_F3: NDArray[np.int64], vertices: int) -> NDArray[np.float32]:
    """Unit normals of triangles, from those of all triangles that share a corner with them."""
    summed_V3 = np.zeros((vertices, 3), np.float32)
    for corner in range(3):
        np.add.at(summed_V3, faces_F3[:, corner], flat_F3)
    normals_F3 = summed_V3[faces_F3].sum(axis=1)
    return normals_F3 / np.maximum(np.linalg.norm(normals_F3, axis=1, keepdims=True), 1e-9)
