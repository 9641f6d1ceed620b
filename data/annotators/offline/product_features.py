"""Is it this product? Its picture against cut-outs of a clip: features of a network, and matched local features.

A label or a pattern gives tens of SIFT matches that one affine map explains; a plain thing gives none, which says
nothing against it. The network (EfficientNet-Lite0) sees shape, texture and colour of things without a label too.

Shape legend: T frames, H W pixels, C = 3 colours (RGB, uint8), N features.
"""

from typing import Any

import cv2
import numpy as np
import torch

from data.annotators.contracts import Frames, Mask
from data.annotators.offline.cut_out import on_white
from data.annotators.offline.efficientnet_lite import PIXELS, EfficientNetLite0
from data.annotators.offline.product_photo import ProductPhoto
from data.annotators.offline.windows import Window
from foundation.geometry import box_of

RATIO = 0.75  # Lowe's: the best match is so much nearer than the second
REPROJECTION = 4.0  # pixels at the clip's size
FEWEST = 4  # matches that an affine map can be believed from
ENLARGED = 2.0  # clips are small: SIFT finds letters at twice the size


class PictureOfProduct:
    """What its picture says of a product, worked out once for all guesses at a clip."""

    def __init__(self, photo: ProductPhoto) -> None:
        torch.set_num_threads(1)
        self.photo = photo
        self.lab_N3 = np.asarray(cv2.cvtColor(photo.pixels()[None], cv2.COLOR_RGB2LAB)[0], np.uint8)
        self.network = EfficientNetLite0.from_package()
        self.looks_D = self._looks([on_white(photo.rgb_HWC, photo.mask_HW)])[0]
        self.finder: Any = cv2.SIFT.create(nfeatures=1000)
        inside_HW = (photo.mask_HW * 255).astype(np.uint8)
        points, self.described_ND = self.finder.detectAndCompute(grey_of(photo.rgb_HWC), inside_HW)
        self.points_N2 = np.array([point.pt for point in points], np.float32).reshape(-1, 2)

    def cosines(self, rgb_THWC: Frames, mask_THW: Mask) -> list[float]:
        """Of the features of each frame's cut-out and of the picture's, both on white."""
        looks_TD = self._looks([on_white(*each) for each in zip(rgb_THWC, mask_THW, strict=True)])
        return [float(cosine) for cosine in looks_TD @ self.looks_D]

    def matched_inside(self, rgb_THWC: Frames, mask_THW: Mask) -> float:
        """SIFT matches in the mask that one affine map explains, less those outside: mean of the two best frames."""
        counts = [self._matched(*around(*each)) for each in zip(rgb_THWC, mask_THW, strict=True)]
        return float(np.mean(sorted(counts)[-2:]))

    def _looks(self, cut_outs: list[Frames]) -> torch.Tensor:
        small = np.stack([Window(0, 0, len(one)).cut(one, PIXELS) for one in cut_outs])
        return self.network.features(torch.from_numpy(small))

    def _matched(self, rgb_HWC: Frames, mask_HW: Mask) -> int:
        large_HW = cv2.resize(grey_of(rgb_HWC), None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
        points, own_ND = self.finder.detectAndCompute(large_HW, None)
        if self.described_ND is None or own_ND is None or len(own_ND) < 2:
            return 0
        pairs = cv2.BFMatcher().knnMatch(self.described_ND, own_ND, k=2)
        good = [best for best, second in pairs if best.distance < RATIO * second.distance]
        if len(good) < FEWEST:
            return 0
        from_N2 = self.points_N2[[match.queryIdx for match in good]]
        to_N2 = np.array([points[match.trainIdx].pt for match in good], np.float32) / ENLARGED
        cv2.setRNGSeed(0)
        found: Any = cv2.estimateAffine2D(from_N2, to_N2, method=cv2.RANSAC, ransacReprojThreshold=REPROJECTION)
        affine, kept_N1 = found
        if affine is None:
            return 0
        columns, rows = np.round(to_N2[kept_N1[:, 0] > 0]).astype(int).T
        height, width = mask_HW.shape
        hits = mask_HW[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)]
        return max(0, int(hits.sum()) - int((~hits).sum()))


def grey_of(rgb_HWC: Frames) -> Frames:
    return np.asarray(cv2.cvtColor(rgb_HWC, cv2.COLOR_RGB2GRAY), np.uint8)


def around(rgb_HWC: Frames, mask_HW: Mask) -> tuple[Frames, Mask]:
    """The part of a frame around its mask, half the mask's longer side on all sides."""
    x1, y1, x2, y2 = box_of(mask_HW) or (0, 0, 0, 0)
    room = max(8, max(x2 - x1, y2 - y1) // 2)
    part = slice(max(0, y1 - room), y2 + room), slice(max(0, x1 - room), x2 + room)
    return np.ascontiguousarray(rgb_HWC[part]), mask_HW[part]
