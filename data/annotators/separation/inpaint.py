"""Person and product apart, without a generative model: the product painted over, or put on white.

What the product hid is filled by smooth inpainting: a blur where it was large. Copying patches of the picture (OpenCV's
shift map) gave sharper fillings, and a second face in one of them. Shapes as in the contracts.
"""

import cv2
import numpy as np

from data.annotators.config import Tool
from data.annotators.contracts import Frames, Mask
from data.annotators.offline.weights import provenance
from data.contracts import Provenance
from foundation.geometry import box_of

INPAINT_RADIUS = 3
SHORT_SIDE = 360  # inpainting is done at this size; only the filled pixels are taken from it
GROW = 0.012  # of the short side: shadows and soft edges go with the product
MARGIN = 0.08  # white around the product, of its longer side
PRODUCT_SIDE = 512


class InpaintSeparator:
    """EntitySeparator."""

    @property
    def provenance(self) -> Provenance:
        return provenance("OpenCV inpainting", "opencv-contrib-python-headless", [], "Apache-2.0")

    def person(self, rgb_HWC: Frames, product_HW: Mask) -> Frames:
        if not product_HW.any():
            return rgb_HWC
        height, width = product_HW.shape
        reach = max(3, round(GROW * min(height, width)))
        gone_HW = cv2.dilate(product_HW.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
        scale = min(1.0, SHORT_SIDE / min(height, width))
        size = (round(width * scale), round(height * scale))
        small_HWC = cv2.resize(rgb_HWC, size, interpolation=cv2.INTER_AREA)
        small_gone_HW = cv2.resize(gone_HW, size, interpolation=cv2.INTER_NEAREST)
        filled_HWC = cv2.inpaint(small_HWC, small_gone_HW, INPAINT_RADIUS, cv2.INPAINT_TELEA)
        filled_HWC = cv2.resize(filled_HWC, (width, height), interpolation=cv2.INTER_CUBIC)
        soft_HW1 = cv2.GaussianBlur(gone_HW.astype(np.float32), (0, 0), reach / 3)[..., None]
        return np.round(rgb_HWC * (1 - soft_HW1) + filled_HWC * soft_HW1).astype(np.uint8)

    def product(self, rgb_HWC: Frames, product_HW: Mask) -> Frames:
        return product_on_white(rgb_HWC, product_HW)


def build(_: Tool) -> InpaintSeparator:
    return InpaintSeparator()


def product_on_white(rgb_HWC: Frames, product_HW: Mask) -> Frames:
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
