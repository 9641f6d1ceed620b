"""What a person is painted with: colours as functions of the place on the mean body, sharp at any resolution.

No texture image: lips, brows, irises, collar and sleeves are shapes in the mean body's own coordinates (metres), so
they sit in the same place on everybody and move with the skin.

Shape legend: P points, on the mean body at rest.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.sources.studio.scene import Colour, Identity

Array = NDArray[np.floating]
SHOULDER, WRIST = np.array([0.181, 0.609, 0.023]), np.array([0.494, 0.274, 0.201])
EYE = np.array([0.0305, 0.8556])
MOUTH_HALF, MOUTH_Y = 0.026, 0.7785
INSIDE, TEETH = (0.04, 0.0, 0.01), (0.97, 0.96, 0.93)
LIP = ((0.92, 0.06), (0.72, 0.0), (0.74, 0.02))  # of the skin, and what is added: redder, hardly darker
HAIRLINE = (
    (-0.12, -0.04, 0.015, 0.03, 0.062, 0.075, 0.11, 0.14),
    (0.765, 0.765, 0.80, 0.87, 0.872, 0.885, 0.918, 0.932),
)
FRINGE = 0.020
SLEEVES = {True: 0.93, False: 0.40}  # long or short: where they end between shoulder and wrist


@dataclass(frozen=True)
class Paint:
    """Colour [P,3], highlight [P] and tone in the structure picture [P]."""

    colour_P3: Array
    gloss_P: Array
    grey_P: Array


def plain(count: int, colour: Colour, gloss: float, grey: float) -> Paint:
    return Paint(np.tile(np.array(colour), (count, 1)), np.full(count, gloss), np.full(count, grey))


def paint_body(who: Identity, at_P3: Array) -> Paint:
    """Skin with a face, and clothes."""
    paint = plain(len(at_P3), who.skin, 0.05, 0.80)
    head_P = at_P3[:, 1] > 0.72
    _dye(paint, np.nonzero(in_clothes(who, at_P3) > 0)[0], who.clothes, 0.0, 0.80)
    if who.accent:
        stripe_P = (np.abs(at_P3[:, 0]) < 0.175) & (np.abs(at_P3[:, 1] - 0.485) < 0.045)
        _dye(paint, np.nonzero(stripe_P)[0], who.accent, 0.0, 0.80)
    head = np.nonzero(head_P)[0]
    if head.size:
        _paint_face(who, paint, head, at_P3[head])
    return paint


def _paint_face(who: Identity, paint: Paint, head: NDArray[np.intp], at_P3: Array) -> None:
    x_P, y_P, z_P = np.abs(at_P3[:, 0]), at_P3[:, 1], at_P3[:, 2]
    front_P = z_P > 0.08
    blush_P = np.exp(-(((x_P - 0.047) / 0.022) ** 2) - ((y_P - 0.812) / 0.018) ** 2) * front_P
    paint.colour_P3[head] += blush_P[:, None] * np.array([0.05, -0.05, -0.04])
    lid_P = (((x_P - EYE[0]) / 0.0215) ** 2 + ((y_P - EYE[1]) / 0.0105) ** 2 < 1) & front_P
    paint.colour_P3[head[lid_P]] *= 0.72
    lash_P = (((x_P - EYE[0]) / 0.0165) ** 2 + ((y_P - EYE[1]) / 0.0058) ** 2 < 1) & front_P
    _dye(paint, head[lash_P], tuple(0.35 * c for c in who.skin), 0.0, 0.5)
    arch_P = 0.8785 + 0.0035 * (1 - ((x_P - 0.036) / 0.018) ** 2) - 0.06 * np.maximum(0.020 - x_P, 0)
    brow_P = (np.abs(y_P - arch_P) < 0.0036 - 0.05 * np.maximum(x_P - 0.042, 0)) & (x_P > 0.014) & (x_P < 0.056)
    _dye(paint, head[brow_P & front_P], tuple(0.8 * c for c in who.hair), 0.0, 0.55)
    bow_P = 1 - (x_P / MOUTH_HALF) ** 2
    upper_P = (y_P >= MOUTH_Y) & (y_P - MOUTH_Y < 0.0090 * np.clip(bow_P, 0, 1) ** 0.7)
    lower_P = (y_P < MOUTH_Y) & (MOUTH_Y - y_P < 0.0125 * np.sqrt(np.clip(bow_P, 0, 1)))
    lip = tuple(share * c + more for c, (share, more) in zip(who.skin, LIP, strict=True))
    _dye(paint, head[(upper_P | lower_P) & (z_P > 0.13)], lip, 0.10, 0.62)
    inner_P = (z_P < 0.141 - 14 * x_P**2) & (z_P > 0.03)
    cavity_P = inner_P & (x_P < 0.030) & (y_P > 0.755) & (y_P < 0.803)
    _dye(paint, head[cavity_P], INSIDE, 0.0, 0.06)


def paint_eyes(who: Identity, at_P3: Array) -> Paint:
    paint = plain(len(at_P3), (0.95, 0.95, 0.95), 0.25, 0.90)
    off_P = np.hypot(np.abs(at_P3[:, 0]) - EYE[0], at_P3[:, 1] - EYE[1])
    _dye(paint, np.nonzero(off_P < 0.0072)[0], tuple(0.25 * c for c in who.eyes), 0.4, 0.15)
    _dye(paint, np.nonzero(off_P < 0.0062)[0], tuple(0.9 * c for c in who.eyes), 0.4, 0.2)
    _dye(paint, np.nonzero(off_P < 0.0030)[0], (0.02, 0.02, 0.02), 0.6, 0.05)
    return paint


def paint_hair(who: Identity, at_P3: Array) -> Paint:
    """Strands: a little lighter and darker around the head."""
    paint = plain(len(at_P3), who.hair, 0.12, 0.66)
    angle_P = np.arctan2(at_P3[:, 0], at_P3[:, 2] - 0.03)
    strand_P = 0.5 * np.sin(61 * angle_P + 30 * at_P3[:, 1]) + 0.5 * np.sin(23 * angle_P - 17 * at_P3[:, 1])
    paint.colour_P3[:] *= 1 + 0.10 * strand_P[:, None]
    return paint


def in_clothes(who: Identity, at_P3: Array) -> Array:
    """Above 0 where clothes cover the mean body, [P]; about metres to their hem."""
    collar_P = 0.715 - 0.5 * np.maximum(at_P3[:, 2], -0.06) - at_P3[:, 1]
    return np.minimum(collar_P, SLEEVES[who.long_sleeves] - along_arm(at_P3))


def along_arm(at_P3: Array) -> Array:
    """0 at the shoulder, 1 at the wrist, below 0 on the torso, [P]."""
    step = WRIST - SHOULDER
    offset_P3 = np.abs(at_P3[:, :1]) * [1, 0, 0] + at_P3 * [0, 1, 1] - SHOULDER
    share_P = offset_P3 @ step / (step @ step)
    torso_P = np.abs(at_P3[:, 0]) < 0.17 + 0.5 * np.maximum(0.35 - at_P3[:, 1], 0)
    return np.where(torso_P, -1.0, share_P)


def in_hair(who: Identity, at_P3: Array) -> Array:
    """Above 0 where hair grows on the mean head: metres above the hairline, [P]."""
    low_P = np.interp(at_P3[:, 2], *HAIRLINE) - (FRINGE if who.fringe else 0.0) * (at_P3[:, 2] > 0.09)
    ear_P = (np.abs(at_P3[:, 0]) > 0.0795) & (at_P3[:, 1] < 0.868) & (at_P3[:, 2] > 0.0)
    return np.where(ear_P, -0.01, at_P3[:, 1] - low_P)


def _dye(paint: Paint, some: NDArray[np.intp], colour: tuple[float, ...], gloss: float, grey: float) -> None:
    paint.colour_P3[some] = colour
    paint.gloss_P[some] = gloss
    paint.grey_P[some] = grey
