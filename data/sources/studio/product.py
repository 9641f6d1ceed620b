"""The products as shapes: a few solids each, in axes of their own, placed at a centre and turned in the picture."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from data.sources.studio.scene import Colour, Product, ProductKind
from data.sources.studio.shapes import Array, Capsule, Form, Part, Shape, Solid, Surface

Point = tuple[float, float, float]
# half width, half height, half depth of the part a hand closes around
GRIPS: dict[ProductKind, Point] = {
    "bottle": (0.105, 0.165, 0.105),
    "mug": (0.130, 0.135, 0.130),
    "box": (0.150, 0.175, 0.07),
    "ball": (0.155, 0.155, 0.155),
    "jar": (0.130, 0.140, 0.130),
    "can": (0.095, 0.165, 0.095),
    "carton": (0.110, 0.190, 0.08),
}
METAL: Colour = (0.74, 0.75, 0.78)


@dataclass(frozen=True)
class Placement:
    """Where a rigid thing is: point `local` of it lies at `centre + rotation @ (scale * local)`."""

    centre_F3: Array
    rotation_F33: Array
    scale: float = 1.0

    def point(self, x: float, y: float, z: float = 0.0) -> Array:
        local_3 = np.array([x, y, z], np.float32) * np.float32(self.scale)
        return self.centre_F3 + self.rotation_F33 @ local_3


def rotation_in_picture(turn_F: Array) -> Array:
    """Counter-clockwise rotations around z, [F,3,3]."""
    cosine_F, sine_F, zero_F, one_F = np.cos(turn_F), np.sin(turn_F), np.zeros_like(turn_F), np.ones_like(turn_F)
    rows = [[cosine_F, -sine_F, zero_F], [sine_F, cosine_F, zero_F], [zero_F, zero_F, one_F]]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2).astype(np.float32)


def product_shapes(product: Product, at: Placement, handle_side: int) -> list[Shape]:
    """The product's shapes; `handle_side` (+1 or -1 in x) is where a mug's handle goes, away from the hand."""
    body = Surface(product.colour, Part.PRODUCT, gloss=0.22)
    label = Surface(product.label, Part.PRODUCT, gloss=0.05)
    lid = Surface(product.label, Part.PRODUCT, gloss=0.22)
    metal = Surface(METAL, Part.PRODUCT, gloss=0.30)
    width, height, depth = GRIPS[product.kind]
    tube = _solid(at, "cylinder", (0, 0, 0), (width, height, depth), body, label)
    if product.kind == "bottle":
        neck = _capsule(at, (0, height, 0), (0, height + 0.10, 0), 0.098, 0.036, body)
        return [tube, neck, _solid(at, "cylinder", (0, height + 0.145, 0), (0.044, 0.04, 0.044), lid)]
    if product.kind == "mug":
        points = [(width * 0.9, 0.075), (width + 0.075, 0.055), (width + 0.075, -0.055), (width * 0.9, -0.075)]
        bows = [
            _capsule(at, (a[0] * handle_side, a[1], 0), (b[0] * handle_side, b[1], 0), 0.022, 0.022, body)
            for a, b in pairwise(points)
        ]
        return [tube, *bows]
    if product.kind == "box":
        return [_solid(at, "cuboid", (0, 0, 0), (width, height, depth), body, label)]
    if product.kind == "ball":
        return [_solid(at, "ellipsoid", (0, 0, 0), (width, height, depth), body, label)]
    if product.kind == "jar":
        return [tube, _solid(at, "cylinder", (0, height + 0.03, 0), (0.113, 0.04, 0.113), lid)]
    if product.kind == "can":
        rims = [_solid(at, "cylinder", (0, y, 0), (0.090, 0.016, 0.090), metal) for y in (height, -height)]
        return [tube, *rims]
    assert product.kind == "carton"
    milk = _solid(at, "cuboid", (0, 0, 0), (width, height, depth), body, label)
    gable = _solid(at, "cuboid", (0, height + 0.03, 0), (width * 0.82, 0.04, depth * 0.5), body)
    return [milk, gable, _solid(at, "cuboid", (0, height + 0.08, 0), (width * 0.82, 0.025, depth * 0.3), lid)]


def _solid(at: Placement, form: Form, centre: Point, half: Point, skin: Surface, band: Surface | None = None) -> Solid:
    half_13 = np.array([half], np.float32) * np.float32(at.scale)
    return Solid(form, at.point(*centre), at.rotation_F33, half_13, skin, band)


def _capsule(
    at: Placement, start: Point, end: Point, start_radius: float, end_radius: float, surface: Surface
) -> Capsule:
    return Capsule(at.point(*start), at.point(*end), start_radius * at.scale, end_radius * at.scale, surface)
