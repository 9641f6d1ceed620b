"""From covered samples to pictures: light, paint and shadow, the structure picture, and which parts a pixel shows.

Shape legend: N vertices, Y X pixels, H W samples, P covered samples.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.sources.studio import Structure
from data.sources.studio.anny.film_set import Piece, Stuff
from data.sources.studio.anny.paint import Paint
from data.sources.studio.raster import FAR, Lens, Samples, rasterise
from data.sources.studio.render import gloss, light
from data.sources.studio.shapes import Part

Array = NDArray[np.floating]
Picture = NDArray[np.uint8]
PERSON = (Part.BODY, Part.FACE, Part.HAIR, Part.LEFT_HAND, Part.RIGHT_HAND)
SHADOW_METRES = (0.010, 0.045)  # how far a shadow reaches, from sharp to faint
SHADOW_STEPS_A_SAMPLE, SHADOW_STEPS = 0.5, (3, 12)  # large pictures take more, so that no step shows
SHADE = 0.36
FLAT_GREY = 0.8  # of the silhouette
Painter = Callable[[Array], Paint]  # places [P,3] to paint


@dataclass(frozen=True)
class Exposure:
    """One frame. `parts_YX`: bit set of the parts a pixel shows, part p at bit p."""

    rgb_YX3: Picture
    structure_YX3: Picture
    parts_YX: Picture


@dataclass(frozen=True)
class Stage:
    """What all frames of a clip share."""

    lens: Lens
    samples: int  # a pixel and axis
    wall_HW3: Array
    painters: Mapping[Stuff, Painter]
    structure: Structure

    def expose(self, whole: Piece, frame: int, normals_N3: Array) -> Exposure:
        seen = rasterise(whole.vertices_TN3[min(frame, len(whole.vertices_TN3) - 1)], whole.faces_F3, self.lens)
        both_P6 = seen.blend(np.concatenate([normals_N3, whole.at_N3], axis=1), whole.faces_F3)
        normal_P3 = facing(both_P6[:, :3], self.lens.rays(seen.row_P, seen.column_P))
        paint = self._painted(both_P6[:, 3:], whole.stuff_F[seen.face_P])
        part_P = whole.part_F[seen.face_P]
        lit_P = light(normal_P3.T) * shadow(seen, self.lens)
        shine_P = paint.gloss_P * gloss(normal_P3.T, 1.0)
        rgb_P3 = paint.colour_P3 * lit_P[:, None] + shine_P[:, None]
        grey_P = paint.grey_P * lit_P if self.structure == "mesh" else np.full_like(lit_P, FLAT_GREY)
        structure_P3 = np.where((part_P == Part.PRODUCT)[:, None], rgb_P3, grey_P[:, None])
        structure_P3[part_P == Part.TABLE] = 0
        parts_HW = np.full(self.wall_HW3.shape[:2], 1 << Part.BACKDROP, np.uint8)
        parts_HW[seen.row_P, seen.column_P] = np.left_shift(1, part_P).astype(np.uint8)
        parts_YX = reduce(np.bitwise_or, self._of_each_pixel(parts_HW))
        black_HW3 = np.zeros_like(self.wall_HW3)
        return Exposure(
            self._pixels(seen, rgb_P3, self.wall_HW3), self._pixels(seen, structure_P3, black_HW3), parts_YX
        )

    def _painted(self, at_P3: Array, stuff_P: NDArray[np.integer]) -> Paint:
        count = len(stuff_P)
        paint = Paint(np.zeros((count, 3), np.float32), np.zeros(count, np.float32), np.zeros(count, np.float32))
        for stuff, painter in self.painters.items():
            some = np.nonzero(stuff_P == stuff)[0]
            if some.size:
                its = painter(at_P3[some])
                paint.colour_P3[some], paint.gloss_P[some], paint.grey_P[some] = its.colour_P3, its.gloss_P, its.grey_P
        return paint

    def _pixels(self, seen: Samples, colour_P3: Array, behind_HW3: Array) -> Picture:
        """Samples over what is behind them, averaged to pixels [Y,X,3]."""
        picture_HW3 = behind_HW3.copy()
        picture_HW3[seen.row_P, seen.column_P] = np.clip(colour_P3, 0, 1)
        sum_YX3 = reduce(np.add, self._of_each_pixel(picture_HW3))
        return (sum_YX3 * np.float32(255 / self.samples**2) + np.float32(0.5)).astype(np.uint8)

    def _of_each_pixel(self, whole_HW: NDArray[Any]) -> list[NDArray[Any]]:
        """The first, second ... sample of every pixel."""
        steps = range(self.samples)
        return [whole_HW[i :: self.samples, j :: self.samples] for i in steps for j in steps]


def facing(normals_P3: Array, rays_P3: Array) -> Array:
    """Unit normals on the camera's side of their surface: an open sheet, such as hanging hair, has two."""
    away_P1 = np.einsum("pi,pi->p", normals_P3, rays_P3)[:, None] > 0
    normals_P3 = np.where(away_P1, -normals_P3, normals_P3)
    return normals_P3 / (np.sqrt(np.einsum("pi,pi->p", normals_P3, normals_P3))[:, None] + np.float32(1e-9))


def shadow(seen: Samples, lens: Lens) -> Array:
    """[P]: 1 where the key light arrives, less where something near stands in its way (in screen space)."""
    depth_HW = np.full((lens.height, lens.width), FAR, np.float32)
    depth_HW[seen.row_P, seen.column_P] = seen.depth_P
    covered_P = np.zeros_like(seen.depth_P)
    per_metre = lens.height / 2 / lens.half_height
    count = int(np.clip(SHADOW_STEPS_A_SAMPLE * per_metre * SHADOW_METRES[1], *SHADOW_STEPS))
    row_P, column_P, depth_X = seen.row_P.astype(np.int32), seen.column_P.astype(np.int32), depth_HW.ravel()
    for step in np.linspace(*SHADOW_METRES, count):
        there_P = np.maximum(row_P - np.int32(round(step * per_metre)), 0) * np.int32(lens.width)
        there_P += np.maximum(column_P - np.int32(round(0.7 * step * per_metre)), 0)
        nearer_P = seen.depth_P - depth_X.take(there_P)
        covered_P += (nearer_P > step) & (nearer_P < 0.25)
    return 1 - covered_P * np.float32(SHADE / count)
