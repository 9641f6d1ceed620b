"""Person and product apart, without a generative model: the product painted over, or put on white.

What the product hid is filled by smooth inpainting: a blur where it was large. Copying patches of the picture (OpenCV's
shift map) gave sharper fillings, and a second face in one of them. Shapes as in the contracts.
"""

import cv2
import numpy as np

from data.annotators.config import Tool
from data.annotators.contracts import Frames, Mask
from data.annotators.offline.cut_out import on_white
from data.annotators.offline.weights import provenance
from data.contracts import Provenance

INPAINT_RADIUS = 3
SHORT_SIDE = 360  # inpainting is done at this size; only the filled pixels are taken from it
GROW = 0.012  # of the short side: shadows and soft edges go with the product


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
        return on_white(rgb_HWC, product_HW)


def build(_: Tool) -> InpaintSeparator:
    return InpaintSeparator()
