"""A small renderer: the studio's shapes composited through a depth buffer, all frames of a clip at once.

Every shape is worked on only inside a tile that follows it, so a clip costs a few hundred array operations. The same
buffers give the picture, the HOI structure picture and exact part masks, which is why these always agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.sources.studio.shapes import Array, Part, Shape, Solid, Surface, extent, solve

# F frames, H W height and width in samples, Y X in pixels, h w one shape's tile, K surfaces, N samples
PERSON = (Part.BODY, Part.FACE, Part.HAIR, Part.LEFT_HAND, Part.RIGHT_HAND)
KEY_LIGHT: Array = np.array([[-0.45], [0.62], [0.64]], np.float32)
HALFWAY: Array = np.array([[-0.26], [0.36], [0.90]], np.float32)  # between the key light and the camera
SHADOW_STEPS = (0.03, 0.06, 0.09)  # world units towards the key light


@dataclass(frozen=True)
class Camera:
    """The picture's size in pixels, samples a pixel along one axis, and world units from the middle to the top."""

    height: int
    width: int
    samples: int
    half_height: float
    centre_y: float = 0.0

    @property
    def per_unit(self) -> float:
        return self.height * self.samples / (2 * self.half_height)


class Canvas:
    """Depth, light, gloss and surface of every sample of F frames."""

    def __init__(self, camera: Camera, frames: int) -> None:
        shape = (frames, camera.height * camera.samples, camera.width * camera.samples)
        self.camera = camera
        self.surfaces: list[Surface] = [Surface((0.0, 0.0, 0.0), Part.BACKDROP, grey=0.0)]
        self.depth_FHW = np.full(shape, -9.0, np.float32)
        self.light_FHW = np.ones(shape, np.float32)
        self.gloss_FHW = np.zeros(shape, np.float32)
        self.surface_FHW = np.zeros(shape, np.uint8)

    def repeated(self, frames: int) -> "Canvas":
        """`frames` copies of this one-frame canvas."""
        copies = Canvas(self.camera, 0)
        copies.surfaces = list(self.surfaces)
        copies.depth_FHW = np.repeat(self.depth_FHW, frames, axis=0)
        copies.light_FHW = np.repeat(self.light_FHW, frames, axis=0)
        copies.gloss_FHW = np.repeat(self.gloss_FHW, frames, axis=0)
        copies.surface_FHW = np.repeat(self.surface_FHW, frames, axis=0)
        return copies

    def draw(self, shapes: Sequence[Shape]) -> None:
        """Composite the shapes; at every sample the nearest one stays."""
        for shape in shapes:
            self._draw_one(shape)
        assert len(self.surfaces) <= 256

    def _draw_one(self, shape: Shape) -> None:
        index_Fhw, x_F1w, y_Fh1 = tile(self.camera, shape, len(self.depth_FHW))
        with np.errstate(invalid="ignore", divide="ignore"):
            z_Fhw, details = solve(shape, x_F1w, y_Fh1)
            seen = np.nonzero(z_Fhw > self.depth_FHW.reshape(-1)[index_Fhw])
        self.surfaces.append(shape.surface)
        if not seen[0].size:
            return
        normal_3N, band_N = details(seen)
        index_N = index_Fhw[seen]
        self.depth_FHW.reshape(-1)[index_N] = z_Fhw[seen]
        self.light_FHW.reshape(-1)[index_N] = light(normal_3N)
        self.gloss_FHW.reshape(-1)[index_N] = gloss(normal_3N, shape.surface.gloss)
        self.surface_FHW.reshape(-1)[index_N] = len(self.surfaces) - 1
        if isinstance(shape, Solid) and shape.band is not None:
            self.surfaces.append(shape.band)
            self.surface_FHW.reshape(-1)[index_N[band_N]] = len(self.surfaces) - 1

    def visible_parts(self) -> NDArray[np.uint8]:
        """Bit set [F,Y,X] of the parts a pixel shows, part p at bit p."""
        bits_K = np.array([1 << surface.part for surface in self.surfaces], np.uint8)
        bits_FHW = bits_K[self.surface_FHW]
        found_FYX = np.zeros_like(bits_FHW[:, :: self.camera.samples, :: self.camera.samples])
        for part_FYX in pixel_samples(bits_FHW, self.camera.samples):
            found_FYX |= part_FYX
        return found_FYX

    def shadow(self) -> Array:
        """[F,H,W]: 1 where the key light arrives, less where something near stands in its way (in screen space)."""
        covered_FHW = np.zeros_like(self.depth_FHW)
        for step in SHADOW_STEPS:
            columns, rows = round(step * 0.7 * self.camera.per_unit), round(step * self.camera.per_unit)
            blocker_FHW = self.depth_FHW[:, : -rows or None, : -columns or None]
            above_FHW = blocker_FHW - self.depth_FHW[:, rows:, columns:] - np.float32(step)
            covered_FHW[:, rows:, columns:] += (above_FHW > 0) & (above_FHW < 0.8)
        return 1 - covered_FHW * np.float32(0.36 / len(SHADOW_STEPS))

    def develop(self, shadow_FHW: Array, backdrop_HW3: Array) -> NDArray[np.uint8]:
        """The picture [F,Y,X,3]."""
        colours_K3 = np.array([surface.colour for surface in self.surfaces], np.float32)
        behind_FHW = self.surface_FHW == 0
        lit_FHW = self.light_FHW * shadow_FHW
        return self._expose(colours_K3, lit_FHW, self.gloss_FHW, (behind_FHW, backdrop_HW3))

    def develop_hoi(self, shadow_FHW: Array) -> NDArray[np.uint8]:
        """The HOI structure picture [F,Y,X,3]: the person untextured on black, the product's own pixels over it."""
        tones = {Part.PRODUCT: lambda surface: surface.colour}
        for part in PERSON:
            tones[part] = lambda surface: (surface.grey,) * 3
        black = (0.0, 0.0, 0.0)
        colours_K3 = np.array([tones.get(s.part, lambda _: black)(s) for s in self.surfaces], np.float32)
        product_K = np.array([s.part == Part.PRODUCT for s in self.surfaces], np.float32)
        gloss_FHW = self.gloss_FHW * product_K[self.surface_FHW]
        return self._expose(colours_K3, self.light_FHW * shadow_FHW, gloss_FHW, None)

    def _expose(
        self, colours_K3: Array, lit_FHW: Array, gloss_FHW: Array, behind: tuple[NDArray[np.bool_], Array] | None
    ) -> NDArray[np.uint8]:
        samples = self.camera.samples
        planes: list[NDArray[np.uint8]] = []
        for channel in range(3):
            plane_FHW = colours_K3[:, channel][self.surface_FHW] * lit_FHW + gloss_FHW
            if behind is not None:
                np.copyto(plane_FHW, behind[1][:, :, channel], where=behind[0])
            np.minimum(plane_FHW, 1, out=plane_FHW)
            mean_FYX = np.add.reduce(pixel_samples(plane_FHW, samples)) * np.float32(255 / samples**2)
            planes.append((mean_FYX + np.float32(0.5)).astype(np.uint8))
        return np.stack(planes, axis=-1)


def pixel_samples(field_FHW: NDArray[Any], samples: int) -> list[NDArray[Any]]:
    """The samples^2 views [F,Y,X] that make up the pixels."""
    return [field_FHW[:, row::samples, column::samples] for row in range(samples) for column in range(samples)]


def light(normal_3N: Array) -> Array:
    """Half Lambert (Valve, 2006) from the key light, darker towards the edge, never black."""
    toward_N = (KEY_LIGHT * normal_3N).sum(axis=0) * np.float32(0.5) + np.float32(0.5)
    return (np.float32(0.36) + np.float32(0.72) * toward_N * toward_N) * (
        np.float32(0.84) + np.float32(0.16) * normal_3N[2]
    )


def gloss(normal_3N: Array, strength: float) -> Array | np.float32:
    """A highlight (Blinn-Phong)."""
    if strength == 0:
        return np.float32(0)
    towards_N = np.clip((HALFWAY * normal_3N).sum(axis=0), 0, 1)
    return np.float32(strength) * towards_N**24


def tile(camera: Camera, shape: Shape, frames: int) -> tuple[NDArray[np.int64], Array, Array]:
    """Flat sample indices [F,h,w] of a tile that follows the shape, with its world x [F,1,w] and y [F,h,1]."""
    centre_F3, reach_F2 = extent(shape)
    height, width = camera.height * camera.samples, camera.width * camera.samples
    half_w, half_h = (np.ceil(reach_F2.max(axis=0) * camera.per_unit).astype(int) + 1).tolist()
    w, h = min(2 * half_w, width), min(2 * half_h, height)
    column_F = np.round(centre_F3[:, 0] * camera.per_unit + width / 2).astype(int) - w // 2
    row_F = np.round((camera.centre_y - centre_F3[:, 1]) * camera.per_unit + height / 2).astype(int) - h // 2
    column_Fw = np.clip(column_F, 0, width - w)[:, None] + np.arange(w)
    row_Fh = np.clip(row_F, 0, height - h)[:, None] + np.arange(h)
    index_Fhw = np.arange(frames)[:, None, None] * (height * width) + row_Fh[:, :, None] * width + column_Fw[:, None]
    x_F1w = ((column_Fw + 0.5 - width / 2) / camera.per_unit).astype(np.float32)[:, None, :]
    y_Fh1 = (camera.centre_y - (row_Fh + 0.5 - height / 2) / camera.per_unit).astype(np.float32)[:, :, None]
    shape_F1w, shape_Fh1 = (frames, 1, w), (frames, h, 1)
    return index_Fhw, np.broadcast_to(x_F1w, shape_F1w), np.broadcast_to(y_Fh1, shape_Fh1)
