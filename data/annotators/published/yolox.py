"""Where the person is: YOLOX, the detector that DWPose ships (yolox_l.onnx), decoded as its authors do.

The picture is scaled to fit the model's square, the rest filled with grey; the answer is one row a grid cell: centre
and logarithm of the size in strides, objectness, one score a class of COCO (0: person). Source:
Megvii-BaseDetection/YOLOX (Apache-2.0), demo/ONNXRuntime.

Shape legend: H W pixels, C = 3 colours (BGR in the model), S the model's side, N grid cells.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

STRIDES = (8, 16, 32)
PERSON = 0
GREY = 114

Picture = NDArray[np.uint8]
Floats = NDArray[np.float32]


def letterbox(rgb_HWC: Picture, side: int) -> tuple[Floats, float]:
    """The picture in the upper left corner of a grey square, and its scale: [1,3,S,S] BGR in 0..255."""
    height, width = rgb_HWC.shape[:2]
    scale = min(side / height, side / width)
    fitted = Image.fromarray(rgb_HWC).resize((int(width * scale), int(height * scale)), Image.Resampling.BILINEAR)
    square_SSC = np.full((side, side, 3), GREY, np.uint8)
    square_SSC[: fitted.height, : fitted.width] = np.asarray(fitted)
    return np.ascontiguousarray(square_SSC[None, :, :, ::-1].transpose(0, 3, 1, 2)).astype(np.float32), scale


def grid(side: int) -> tuple[Floats, Floats]:
    """Left upper corner of every cell in strides [N,2], and its stride [N,1]."""
    cells = [np.stack(np.meshgrid(np.arange(side // s), np.arange(side // s)), -1).reshape(-1, 2) for s in STRIDES]
    strides = [np.full((len(found), 1), stride) for found, stride in zip(cells, STRIDES, strict=True)]
    return np.concatenate(cells).astype(np.float32), np.concatenate(strides).astype(np.float32)


def largest_person(rows_N85: Floats, side: int, scale: float, threshold: float) -> tuple[float, ...] | None:
    """x1, y1, x2, y2 of the largest person in pixels of the picture; None where no score reaches the threshold.

    The largest, not the surest: a clip shows one person, and people in the background are small.
    """
    cells_N2, strides_N1 = grid(side)
    scores_N = rows_N85[:, 4] * rows_N85[:, 5 + PERSON]
    centres_N2 = (rows_N85[:, :2] + cells_N2) * strides_N1 / scale
    sizes_N2 = np.exp(rows_N85[:, 2:4]) * strides_N1 / scale
    people = np.flatnonzero(scores_N >= threshold)
    if not len(people):
        return None
    found = people[np.argmax(sizes_N2[people].prod(axis=-1))]
    corners = np.concatenate([centres_N2[found] - sizes_N2[found] / 2, centres_N2[found] + sizes_N2[found] / 2])
    return tuple(map(float, corners))
