"""The delivered picture of a product, used properly: which of its pixels are the product, their colours, their looks.

Shape legend: H W pixels, C = 3 colours (RGB, uint8), N pixels of the product.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from data.annotators.contracts import Frames, Mask

LONG_SIDE = 384  # the picture is looked at in this size
BORDER = 0.03  # of the sides: what is surely ground, unless the product is cut off there
STEP = 2  # levels in Lab between neighbouring pixels that a soft shadow may make
EDGES = (12, 36)  # of Canny: the rim of a glass stops what a soft shadow does not
GROUND_SHARE = 0.7  # of the border that must hang together for a plain ground
SMALLEST, LARGEST = 0.01, 0.95  # shares of the picture that a product can have
CRUMBS = 0.1  # of the largest piece
CUT_ROUNDS = 3


@dataclass(frozen=True)
class ProductPhoto:
    """A picture of the product alone, and where the product is in it."""

    rgb_HWC: Frames
    mask_HW: Mask

    @classmethod
    def of(cls, rgb_HWC: Frames) -> "ProductPhoto":
        """Take the ground off a picture of any size."""
        scale = min(1.0, LONG_SIDE / max(rgb_HWC.shape[:2]))
        size = (max(8, round(rgb_HWC.shape[1] * scale)), max(8, round(rgb_HWC.shape[0] * scale)))
        small_HWC = np.asarray(cv2.resize(rgb_HWC, size, interpolation=cv2.INTER_AREA), np.uint8)
        return cls(small_HWC, product_in(small_HWC))

    def pixels(self) -> Frames:
        """The product's own colours, [N,3]."""
        return self.rgb_HWC[self.mask_HW]


def product_in(rgb_HWC: Frames) -> Mask:
    """Where the product is: off a plain ground by what hangs together with the border, off any other by grabCut."""
    ground_HW = plain_ground(rgb_HWC)
    product_HW = filled(~ground_HW) if border_of(ground_HW).mean() >= GROUND_SHARE else cut_from_middle(rgb_HWC)
    if SMALLEST <= product_HW.mean() <= LARGEST:
        return product_HW
    return np.asarray((rgb_HWC < 240).any(axis=-1)) if (rgb_HWC < 240).any() else np.ones(rgb_HWC.shape[:2], np.bool_)


def plain_ground(rgb_HWC: Frames) -> Mask:
    """Everything that can be reached from the border in small steps of colour."""
    height, width = rgb_HWC.shape[:2]
    lab_HWC = np.asarray(cv2.medianBlur(cv2.cvtColor(rgb_HWC, cv2.COLOR_RGB2LAB), 5), np.uint8)
    edges_HW = cv2.dilate(cv2.Canny(cv2.GaussianBlur(rgb_HWC, (0, 0), 1.0), *EDGES), np.ones((3, 3), np.uint8))
    reached_HW = np.pad(np.where(edges_HW > 0, np.uint8(2), np.uint8(0)), 1)
    flags = 4 | cv2.FLOODFILL_MASK_ONLY | (1 << 8)
    rows, columns = range(0, height, 4), range(0, width, 4)
    seeds = [(0, y) for y in rows] + [(width - 1, y) for y in rows]
    for seed in [*seeds, *((x, 0) for x in columns), *((x, height - 1) for x in columns)]:
        if not reached_HW[seed[1] + 1, seed[0] + 1]:
            cv2.floodFill(lab_HWC, reached_HW, seed, 0, (STEP,) * 3, (STEP,) * 3, flags)
    piece_HW = largest(reached_HW[1:-1, 1:-1] == 1)
    return np.asarray(piece_HW & same_ground(lab_HWC, piece_HW))


def same_ground(lab_HWC: Frames, ground_HW: Mask) -> Mask:
    """Colours that also occur at the border: a soft edge of the product must not let the ground leak into it."""
    border_N3 = lab_HWC[border_mask(*ground_HW.shape) & ground_HW].astype(np.int16)
    if not len(border_N3):
        return ground_HW
    low_3, high_3 = np.percentile(border_N3, [1, 99], axis=0)
    room_3 = np.array([70, 12, 12])  # shadows are darker than the border, not of another colour
    return np.asarray(((lab_HWC >= low_3 - room_3) & (lab_HWC <= high_3 + room_3[1])).all(axis=-1))


def cut_from_middle(rgb_HWC: Frames) -> Mask:
    """GrabCut with the border for ground."""
    labels_HW = np.where(border_mask(*rgb_HWC.shape[:2]), cv2.GC_BGD, cv2.GC_PR_FGD).astype(np.uint8)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    bgr_HWC = np.ascontiguousarray(rgb_HWC[..., ::-1])
    cv2.grabCut(bgr_HWC, labels_HW, (0, 0, 1, 1), *models, CUT_ROUNDS, cv2.GC_INIT_WITH_MASK)
    return filled(np.asarray(labels_HW == cv2.GC_PR_FGD))


def filled(mask_HW: Mask) -> Mask:
    """The large pieces, their holes filled: a label in the ground's colour belongs to the product."""
    opened_HW = cv2.morphologyEx(mask_HW.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    contours, _ = cv2.findContours(opened_HW, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    areas = [cv2.contourArea(contour) for contour in contours]
    kept = [contour for contour, area in zip(contours, areas, strict=True) if area >= CRUMBS * max(areas)]
    drawn_HW = np.zeros(mask_HW.shape, np.uint8)
    cv2.drawContours(drawn_HW, kept, -1, 1, cv2.FILLED)
    return drawn_HW > 0


def largest(mask_HW: Mask) -> Mask:
    """The largest piece of a mask."""
    count, pieces_HW, stats, _ = cv2.connectedComponentsWithStats(mask_HW.astype(np.uint8))
    if count < 2:
        return mask_HW
    return np.asarray(pieces_HW == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax()))


def border_mask(height: int, width: int) -> Mask:
    """A frame along the border."""
    thick = max(2, round(BORDER * min(height, width)))
    border_HW = np.ones((height, width), np.bool_)
    border_HW[thick:-thick, thick:-thick] = False
    return border_HW


def border_of(values_HW: Mask) -> Mask:
    """What lies in that frame, flat."""
    return values_HW[border_mask(*values_HW.shape)]
