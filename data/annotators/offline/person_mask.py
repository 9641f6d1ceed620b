"""Where the person is, by the segmentation of MediaPipe's pose: soft, and without what hangs off the hands.

Shape legend: T frames, H W pixels.
"""

from typing import Any

import mediapipe
import numpy as np
from numpy.typing import NDArray

from data.annotators.contracts import Frames


def person_masks(rgb_THWC: Frames) -> NDArray[np.float32]:
    """How surely each pixel is the person, 0..1 [T,H,W]; 0 on frames without one."""
    solutions: Any = mediapipe.solutions
    sure_THW = np.zeros(rgb_THWC.shape[:3], np.float32)
    with solutions.pose.Pose(model_complexity=1, enable_segmentation=True) as model:
        for frame, rgb_HWC in enumerate(rgb_THWC):
            mask = model.process(np.ascontiguousarray(rgb_HWC)).segmentation_mask
            if mask is not None:
                sure_THW[frame] = mask
    return sure_THW
