"""Landmarks of one person: the crop that RTMPose models look at, and their SimCC answer as pixels of the picture.

DWPose's dw-ll_ucoco_384.onnx answers with one row of scores a landmark along x and one along y, two bins a pixel.
Source: open-mmlab/mmpose (Apache-2.0), projects/rtmpose.

Shape legend: H W pixels of the picture, h w of the crop, K landmarks, X Y bins.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

PADDING = 1.25  # of the person's box
BINS_PER_PIXEL = 2.0
MEAN = np.array([123.675, 116.28, 103.53], np.float32)
DEVIATION = np.array([58.395, 57.12, 57.375], np.float32)

Floats = NDArray[np.float32]
Window = tuple[float, float, float, float]
"""x1, y1, x2, y2 in the picture; it may reach beyond."""


def window(box: Window, crop_height: int, crop_width: int) -> Window:
    """The padded box, widened to the crop's proportions about its centre."""
    centre_x, centre_y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    width, height = PADDING * (box[2] - box[0]), PADDING * (box[3] - box[1])
    width, height = max(width, height * crop_width / crop_height), max(height, width * crop_height / crop_width)
    return centre_x - width / 2, centre_y - height / 2, centre_x + width / 2, centre_y + height / 2


def crop(rgb_HWC: NDArray[np.uint8], seen: Window, crop_height: int, crop_width: int) -> Floats:
    """The window as the model takes it, [1,3,h,w]; black outside the picture."""
    scale_x, scale_y = (seen[2] - seen[0]) / crop_width, (seen[3] - seen[1]) / crop_height
    cut = Image.fromarray(rgb_HWC).transform(
        (crop_width, crop_height),
        Image.Transform.AFFINE,
        (scale_x, 0, seen[0], 0, scale_y, seen[1]),
        Image.Resampling.BILINEAR,
    )
    return ((np.asarray(cut, np.float32) - MEAN) / DEVIATION).transpose(2, 0, 1)[None]


def landmarks(x_KX: Floats, y_KY: Floats, seen: Window) -> Floats:
    """The most likely bins as [K,3]: x, y in pixels of the picture, and the smaller of both scores."""
    crop_width, crop_height = x_KX.shape[1] / BINS_PER_PIXEL, y_KY.shape[1] / BINS_PER_PIXEL
    across = x_KX.argmax(-1) / BINS_PER_PIXEL / crop_width
    down = y_KY.argmax(-1) / BINS_PER_PIXEL / crop_height
    confidence_K = np.minimum(x_KX.max(-1), y_KY.max(-1)).clip(0, 1)
    x = seen[0] + across * (seen[2] - seen[0])
    y = seen[1] + down * (seen[3] - seen[1])
    return np.stack([x, y, confidence_K], -1).astype(np.float32)
