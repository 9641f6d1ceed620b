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
SAME_PERSON = 0.45  # of two boxes that overlap more, the less sure one goes
GREY = 114

Picture = NDArray[np.uint8]
Floats = NDArray[np.float32]
Window = tuple[float, float, float, float]


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
    strides = [np.full((len(corners), 1), stride) for corners, stride in zip(cells, STRIDES, strict=True)]
    return np.concatenate(cells).astype(np.float32), np.concatenate(strides).astype(np.float32)


def people(rows_N85: Floats, side: int, scale: float, threshold: float) -> list[Window]:
    """Everybody whose score reaches the threshold, the largest first: x1, y1, x2, y2 in pixels of the picture.

    The largest, not the surest: a clip is about one person, and people in the background are small.
    """
    cells_N2, strides_N1 = grid(side)
    scores_N = rows_N85[:, 4] * rows_N85[:, 5 + PERSON]
    centres_N2 = (rows_N85[:, :2] + cells_N2) * strides_N1 / scale
    sizes_N2 = np.exp(rows_N85[:, 2:4]) * strides_N1 / scale
    corners_N4 = np.concatenate([centres_N2 - sizes_N2 / 2, centres_N2 + sizes_N2 / 2], axis=1)
    likely = [int(row) for row in np.argsort(-scores_N) if scores_N[row] >= threshold]
    kept: list[int] = []
    for row in likely:  # of boxes around the same person, the surest
        if all(_overlap(corners_N4[row], corners_N4[other]) <= SAME_PERSON for other in kept):
            kept.append(row)
    kept.sort(key=lambda row: -float(sizes_N2[row].prod()))
    return [(float(x1), float(y1), float(x2), float(y2)) for x1, y1, x2, y2 in corners_N4[kept]]


def _overlap(one_4: Floats, other_4: Floats) -> float:
    """Intersection over union."""
    width = min(one_4[2], other_4[2]) - max(one_4[0], other_4[0])
    height = min(one_4[3], other_4[3]) - max(one_4[1], other_4[1])
    common = max(width, 0.0) * max(height, 0.0)
    areas = [float((box[2] - box[0]) * (box[3] - box[1])) for box in (one_4, other_4)]
    return float(common / max(sum(areas) - common, 1e-9))
