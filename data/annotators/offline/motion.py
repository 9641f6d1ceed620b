"""Motion by optical flow (DIS): what moves against the background, and masks carried from frame to frame.

Shape legend: T frames, H W pixels; a flow [H,W,2] leads from a pixel of one frame to its place in another.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from data.annotators.contracts import Frames, Mask

REACHES = (-16, -8, 8, 16)  # frames
STILL = 0.004  # of the short side: less is noise
SAME_GREY = 2.5  # of 255, the mean difference of a small neighbourhood
Flow = NDArray[np.float32]


class Motion:
    """The flows of one clip, computed when asked for."""

    def __init__(self, rgb_THWC: Frames) -> None:
        self.grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in rgb_THWC]
        self.finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self.between_neighbours: dict[tuple[int, int], Flow] = {}

    def flow(self, start: int, end: int) -> Flow:
        """Of two neighbouring frames it is asked for often, and kept."""
        if abs(start - end) > 1:
            return self._flow(start, end)
        if (start, end) not in self.between_neighbours:
            self.between_neighbours[start, end] = self._flow(start, end)
        return self.between_neighbours[start, end]

    def _flow(self, start: int, end: int) -> Flow:
        nothing = np.zeros((*self.grey[start].shape, 2), np.float32)
        return np.asarray(self.finder.calc(self.grey[start], self.grey[end], nothing), np.float32)

    def moving(self, frame: int) -> Mask:
        """Where the picture moves otherwise than most of it does, within some frames before or after.

        Flow bleeds over edges into a still background: what looks the same at its place in another frame is still.
        """
        most_HW = np.zeros(self.grey[frame].shape, np.float32)
        change_HW = np.full(self.grey[frame].shape, 255, np.float32)
        for reach in REACHES:
            if 0 <= frame + reach < len(self.grey):
                flow_HW2 = self.flow(frame, frame + reach)
                own_HW2 = flow_HW2 - np.median(flow_HW2.reshape(-1, 2), axis=0)
                most_HW = np.maximum(most_HW, np.linalg.norm(own_HW2, axis=2))
                change_HW = np.minimum(change_HW, self._change(frame, frame + reach))
        return np.asarray((most_HW > STILL * min(most_HW.shape)) & (change_HW > SAME_GREY))

    def _change(self, frame: int, other: int) -> NDArray[np.float32]:
        """How a small neighbourhood's greys differ between two frames."""
        difference_HW = cv2.absdiff(self.grey[frame], self.grey[other]).astype(np.float32)
        return np.asarray(cv2.blur(difference_HW, (7, 7)), np.float32)

    def carried(self, values_HW: NDArray[np.float32], start: int, end: int) -> NDArray[np.float32]:
        """Values of frame `start` where its pixels are in frame `end`."""
        flow_HW2 = self.flow(end, start)
        rows, columns = np.indices(values_HW.shape, np.float32)
        map_x, map_y = columns + flow_HW2[..., 0], rows + flow_HW2[..., 1]
        return np.asarray(cv2.remap(values_HW, map_x, map_y, cv2.INTER_LINEAR), np.float32)
