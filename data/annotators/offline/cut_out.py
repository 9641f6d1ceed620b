"""A product cut out of a picture and put on white: what references are made of, and what networks compare.

Shapes as in the contracts.
"""

import cv2
import numpy as np

from data.annotators.contracts import Frames, Mask
from foundation.geometry import box_of

MARGIN = 0.08  # white around the product, of its longer side
PRODUCT_SIDE = 512


def on_white(rgb_HWC: Frames, product_HW: Mask) -> Frames:
    """The product in the middle of a white square, nearly filling it; all white where there is none."""
    canvas_HWC = np.full((PRODUCT_SIDE, PRODUCT_SIDE, 3), 255, np.uint8)
    box = box_of(product_HW)
    if box is None:
        return canvas_HWC
    x1, y1, x2, y2 = box[0], box[1], box[2] + 1, box[3] + 1
    cut_HWC = np.where(product_HW[y1:y2, x1:x2, None], rgb_HWC[y1:y2, x1:x2], np.uint8(255))
    scale = PRODUCT_SIDE * (1 - 2 * MARGIN) / max(x2 - x1, y2 - y1)
    wide, tall = max(1, round((x2 - x1) * scale)), max(1, round((y2 - y1) * scale))
    left, top = (PRODUCT_SIDE - wide) // 2, (PRODUCT_SIDE - tall) // 2
    shrinks = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    canvas_HWC[top : top + tall, left : left + wide] = cv2.resize(cut_HWC, (wide, tall), interpolation=shrinks)
    return canvas_HWC
