"""Do picture, structure video and boxes show the same moments? Found from what moves, without a detector.

Picture against structure: where one changes from frame to frame, the other must. Boxes against either: where a box
moves between two annotated frames, the picture must have changed. The lag at which two of them correlate best is the
number of frames by which the second is ahead of the first. In the authors' public training clip boxes and structure
video agree with each other and are both six frames ahead of the picture.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data.clips.region_boxes import FRAME_STEP
from data.contracts import FrameBoxes
from foundation.clip_format import Box
from foundation.geometry import box_area, box_iou

# T frames, h w cells of a coarse grid
ROWS = 24  # of the grid
FEWEST = 3  # changes to compare
SEARCHED = 8  # frames, both ways
STILL = 0.1  # mean change of grey levels from frame to frame: what a codec does to a picture that stands still
MISLABELLED = 2.0  # a box that grows so much between annotated frames has not moved: another rule names it
Frames = NDArray[np.uint8]
Grid = NDArray[np.float32]


@dataclass(frozen=True)
class Lag:
    """Where two things correlate best."""

    frames: int  # the second is ahead of the first by so many frames; 0: in step, or nothing moves
    agreement: float  # correlation at that lag; 1 where nothing moves in either
    gain: float  # over the correlation at no lag


IN_STEP = Lag(0, 1.0, 0.0)


def grey_grid(frames_THWC: Frames) -> Grid:
    """Frames as a coarse grid of grey levels [T,h,w]."""
    height, width = frames_THWC.shape[1:3]
    size = (max(2, round(width * ROWS / height)), ROWS)
    grey = [Image.fromarray(frame).convert("L").resize(size, Image.Resampling.BOX) for frame in frames_THWC]
    return np.stack([np.asarray(picture, np.float32) for picture in grey])


def structure_lag(picture_Thw: Grid, structure_Thw: Grid) -> Lag:
    """How far the structure video is ahead of the picture."""
    picture_Chw, structure_Chw = np.abs(np.diff(picture_Thw, axis=0)), np.abs(np.diff(structure_Thw, axis=0))
    if not structure_Chw.any():  # it stands still: right only where the picture does
        return IN_STEP if picture_Chw.mean() < STILL else Lag(0, 0.0, 0.0)
    count = min(len(picture_Chw), len(structure_Chw))

    def changes(lag: int) -> tuple[Grid, Grid]:
        first = max(0, lag)
        last = max(first, count + min(0, lag))
        return picture_Chw[first:last], structure_Chw[first - lag : last - lag]

    return _best(changes)


def boxes_lag(grid_Thw: Grid, boxes: Mapping[int, FrameBoxes], height: int, width: int) -> Lag:
    """How far the boxes are ahead of what a video shows. Boxes are in pixels of a height x width picture."""
    moved = _movements(boxes, grid_Thw.shape[1:], (height, width))

    def changes(lag: int) -> tuple[Grid, Grid]:
        there = [frame for frame in moved if frame + lag >= 0 and frame + lag + FRAME_STEP < len(grid_Thw)]
        if not there:
            return np.empty((0, 1, 1), np.float32), np.empty((0, 1, 1), np.float32)
        seen = [np.abs(grid_Thw[frame + lag + FRAME_STEP] - grid_Thw[frame + lag]) for frame in there]
        return np.stack(seen), np.stack([moved[frame] for frame in there])

    return _best(changes)


def _best(changes: Callable[[int], tuple[Grid, Grid]]) -> Lag:
    pairs = {lag: changes(lag) for lag in sorted(range(-SEARCHED, SEARCHED + 1), key=abs)}
    if not any(second.any() for _, second in pairs.values()):
        return IN_STEP  # nothing that could be late
    agreement = {lag: _correlation(*pair) for lag, pair in pairs.items() if len(pair[0]) >= FEWEST}
    if not agreement:
        return IN_STEP
    best = max(agreement, key=lambda lag: agreement[lag])  # the smallest of equals
    return Lag(best, agreement[best], agreement[best] - agreement.get(0, 0.0))


def _correlation(first: Grid, second: Grid) -> float:
    one, other = first - first.mean(), second - second.mean()
    spread = float(np.sqrt((one * one).sum() * (other * other).sum()))
    return float((one * other).sum()) / spread if spread > 0 else 0.0


def _movements(boxes: Mapping[int, FrameBoxes], cells: tuple[int, ...], size: tuple[int, int]) -> dict[int, Grid]:
    """First frame of two annotated ones -> the cells its boxes touch in either, by how far they moved (1 - IoU)."""
    moved: dict[int, Grid] = {}
    for frame, parts_before in boxes.items():
        if frame + FRAME_STEP not in boxes:
            continue
        before, after = dict(parts_before), dict(boxes[frame + FRAME_STEP])
        parts = [(before[kind], after[kind]) for kind in before if before[kind] and after[kind]]
        drawn = [_touched(pair, cells, size) * _moved_share(*pair) for pair in parts]
        moved[frame] = np.max(drawn, axis=0) if drawn else np.zeros(cells, np.float32)
    return moved


def _touched(pair: tuple[Box, Box], cells: tuple[int, ...], size: tuple[int, int]) -> Grid:
    """Share of each cell that either box covers."""
    scale_y, scale_x = cells[0] / size[0], cells[1] / size[1]
    covers = [
        np.outer(_overlap(cells[0], y1, y2, scale_y), _overlap(cells[1], x1, x2, scale_x)) for x1, y1, x2, y2 in pair
    ]
    return np.maximum(*covers)


def _overlap(count: int, first: int, last: int, scale: float) -> Grid:
    start = np.arange(count, dtype=np.float32)
    return np.clip(np.minimum(start + 1, (last + 1) * scale) - np.maximum(start, first * scale), 0, 1)


def _moved_share(before: Box, after: Box) -> float:
    areas = [box_area(before), box_area(after)]
    if min(areas) == 0 or max(areas) > MISLABELLED * min(areas):
        return 0.0
    return 1 - box_iou(before, after)
