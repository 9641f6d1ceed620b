"""The studio's solids, each solved in closed form for a camera that looks along -z.

A shape's arrays have a leading axis of F frames, or of 1 where it stands still. World: x right, y up, z towards the
camera.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

# F frames, h w one shape's tile of samples, N samples that show the shape
Array = NDArray[np.floating]  # float32 throughout
Colour = tuple[float, float, float]
Form = Literal["ellipsoid", "cylinder", "cuboid"]
Seen = tuple[NDArray[np.intp], ...]  # indices into [F,h,w], N each
Details = Callable[[Seen], tuple[Array, NDArray[np.bool_] | None]]  # -> normal_3N, inside the band_N


class Part(IntEnum):
    """What a sample shows; the boxes and the HOI picture are made from it. Left is the person's left."""

    BACKDROP = 0
    TABLE = 1
    BODY = 2
    FACE = 3
    HAIR = 4
    LEFT_HAND = 5
    RIGHT_HAND = 6
    PRODUCT = 7


@dataclass(frozen=True)
class Surface:
    """What a shape is made of. `grey` is its tone in the HOI picture, where only products keep their colour."""

    colour: Colour
    part: Part
    gloss: float = 0.0
    grey: float = 0.80


@dataclass(frozen=True)
class Capsule:
    """All spheres between one at `start` and one at `end`."""

    start_F3: Array
    end_F3: Array
    start_radius: float
    end_radius: float
    surface: Surface


@dataclass(frozen=True)
class Solid:
    """An ellipsoid, an elliptic cylinder around its own y axis, or a box.

    Where the coordinate along own axis `band_axis` (-1..1) lies in `band_range`, it shows `band` instead of `surface`.
    """

    form: Form
    centre_F3: Array
    rotation_F33: Array  # columns: the own axes
    half_F3: Array
    surface: Surface
    band: Surface | None = None
    band_axis: int = 1
    band_range: tuple[float, float] = (-0.45, 0.45)


Shape = Capsule | Solid


def cut(shape: Shape, first: int, last: int) -> Shape:
    """The shape over frames first..last-1."""

    def some(array: Array) -> Array:
        return array[first:last] if len(array) > 1 else array

    if isinstance(shape, Capsule):
        return replace(shape, start_F3=some(shape.start_F3), end_F3=some(shape.end_F3))
    centre_F3, rotation_F33, half_F3 = some(shape.centre_F3), some(shape.rotation_F33), some(shape.half_F3)
    return replace(shape, centre_F3=centre_F3, rotation_F33=rotation_F33, half_F3=half_F3)


def extent(shape: Shape) -> tuple[Array, Array]:
    """Centre [F,3] and half reach in x and y [F,2] of the shape's bounding box."""
    if isinstance(shape, Capsule):
        start_F3, end_F3 = np.broadcast_arrays(shape.start_F3, shape.end_F3)
        low_F3 = np.minimum(start_F3 - shape.start_radius, end_F3 - shape.end_radius)
        high_F3 = np.maximum(start_F3 + shape.start_radius, end_F3 + shape.end_radius)
        return (low_F3 + high_F3) / 2, ((high_F3 - low_F3) / 2)[:, :2]
    axes_F33 = np.abs(shape.rotation_F33) * shape.half_F3[:, None, :]
    ball = shape.form == "ellipsoid"
    reach_F2 = np.sqrt((axes_F33[:, :2] ** 2).sum(axis=2)) if ball else axes_F33[:, :2].sum(axis=2)
    frames = max(len(shape.centre_F3), len(reach_F2))
    return np.broadcast_to(shape.centre_F3, (frames, 3)), np.broadcast_to(reach_F2, (frames, 2))


def solve(shape: Shape, x_F1w: Array, y_Fh1: Array) -> tuple[Array, Details]:
    """Depth z [F,h,w] of the shape's surface nearest to the camera (NaN beside it), and how to ask for the normals."""
    return solve_capsule(shape, x_F1w, y_Fh1) if isinstance(shape, Capsule) else solve_solid(shape, x_F1w, y_Fh1)


def solve_capsule(shape: Capsule, x_F1w: Array, y_Fh1: Array) -> tuple[Array, Details]:
    """The sphere at t in 0..1 reaches z(t) = z0 + t dz + sqrt(q(t)), q quadratic: its greatest value is closed form."""
    start_F3, step_F3 = shape.start_F3, shape.end_F3 - shape.start_F3
    dx, dy, dz = (step_F3[:, axis, None, None] for axis in range(3))
    grow, radius = np.float32(shape.end_radius - shape.start_radius), np.float32(shape.start_radius)
    px, py = x_F1w - start_F3[:, 0, None, None], y_Fh1 - start_F3[:, 1, None, None]
    curve = np.minimum(grow * grow - dx * dx - dy * dy, np.float32(-1e-6))
    slope_Fhw = 2 * (radius * grow + px * dx + py * dy)
    level_Fhw = radius * radius - px * px - py * py
    middle_Fhw = slope_Fhw / (-2 * curve)
    peak_Fhw = np.maximum(level_Fhw + middle_Fhw * slope_Fhw / 2, 0)
    t_Fhw = np.clip(middle_Fhw + dz / np.sqrt(curve * curve - curve * dz * dz) * np.sqrt(peak_Fhw), 0, 1)
    up_Fhw = np.sqrt(level_Fhw + t_Fhw * (slope_Fhw + t_Fhw * curve))
    z_Fhw = start_F3[:, 2, None, None] + t_Fhw * dz + up_Fhw

    def details(seen: Seen) -> tuple[Array, None]:
        frame, row, column = seen
        still = np.zeros_like(frame)
        t_N, at = t_Fhw[seen], frame if len(step_F3) > 1 else still
        nx_N = px[frame, 0, column] - t_N * step_F3[at, 0]
        ny_N = py[frame, row, 0] - t_N * step_F3[at, 1]
        return np.stack([nx_N, ny_N, up_Fhw[seen]]) / (radius + grow * t_N), None

    return z_Fhw, details


def solve_solid(shape: Solid, x_F1w: Array, y_Fh1: Array) -> tuple[Array, Details]:
    """In the shape's own, unit-sized axes the ray is o + s e; the visible surface is the greatest s inside."""
    px, py = x_F1w - shape.centre_F3[:, 0, None, None], y_Fh1 - shape.centre_F3[:, 1, None, None]
    scaled_F33 = shape.rotation_F33 / shape.half_F3[:, None, :]
    o = [scaled_F33[:, 0, i, None, None] * px + scaled_F33[:, 1, i, None, None] * py for i in range(3)]
    e = [away_from_zero(scaled_F33[:, 2, i, None, None]) for i in range(3)]
    round_axes = {"ellipsoid": (0, 1, 2), "cylinder": (0, 2), "cuboid": ()}[shape.form]
    leave: list[Array] = []
    enter: list[Array] = []
    if round_axes:
        a, b = sum(e[i] * e[i] for i in round_axes), sum(o[i] * e[i] for i in round_axes)
        root = np.sqrt(b * b - a * (sum(o[i] * o[i] for i in round_axes) - 1))
        leave, enter = [(root - b) / a], [(-root - b) / a]
    for i in sorted({0, 1, 2} - set(round_axes)):
        leave.append((np.sign(e[i]) - o[i]) / e[i])
        enter.append((-np.sign(e[i]) - o[i]) / e[i])
    s_Fhw = nearest(leave, np.minimum)
    if len(leave) > 1:
        s_Fhw = np.where(nearest(enter, np.maximum) <= s_Fhw, s_Fhw, np.float32(np.nan))

    def details(seen: Seen) -> tuple[Array, NDArray[np.bool_] | None]:
        at = seen[0] if len(scaled_F33) > 1 else np.zeros_like(seen[0])
        s_N = s_Fhw[seen]
        local_3N = np.stack([o[i][seen] + s_N * e[i][at if len(e[i]) > 1 else 0, 0, 0] for i in range(3)])
        size_3N = np.abs(local_3N)
        if shape.form == "cuboid":
            local_normal_3N = np.where(size_3N == size_3N.max(axis=0), np.sign(local_3N), np.float32(0))
        elif shape.form == "cylinder":
            on_cap_N = size_3N[1] > 0.999
            local_normal_3N = np.where(on_cap_N, local_3N * CAP, local_3N * SIDE)
        else:
            local_normal_3N = local_3N
        normal_3N = np.einsum("nij,jn->in", scaled_F33[at], local_normal_3N, dtype=np.float32)
        normal_3N /= np.sqrt((normal_3N * normal_3N).sum(axis=0)) + np.float32(1e-9)
        low, high = shape.band_range
        band_N = (local_3N[shape.band_axis] > low) & (local_3N[shape.band_axis] < high)
        return normal_3N, band_N

    return shape.centre_F3[:, 2, None, None] + s_Fhw, details


CAP: Array = np.array([[0], [1], [0]], np.float32)
SIDE: Array = np.array([[1], [0], [1]], np.float32)


def nearest(bounds: list[Array], smaller: Callable[[Array, Array], Array]) -> Array:
    smallest = bounds[0]
    for bound in bounds[1:]:
        smallest = smaller(smallest, bound)
    return smallest


def away_from_zero(value: Array) -> Array:
    return np.where(np.abs(value) < 1e-5, np.float32(1e-5), value)
