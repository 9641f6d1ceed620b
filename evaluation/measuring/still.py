"""Where the true clip stands still, and how far a video is from it there.

In the studio nothing but arms, hands, product, mouth and eyes moves: everywhere else every frame of the true clip is
the person reference. There a video must show just that, in every frame, whatever it does with the hands.

Shape legend: T frames, H W pixels, h w cells of CELL x CELL pixels.
"""

import numpy as np
from numpy.typing import NDArray

from evaluation.measuring.clip import Frames, MeasuredClip, given
from evaluation.measuring.colour import quick_lab

SAME = 8  # of 255: below it a true pixel is the reference's
MARGIN = 4  # pixels around all that moves that are not looked at: a hand may be a little off
CELL = 8
FEWEST_PIXELS = 20  # of a region in a frame, below which that frame has no value


def still_pixels(clip: MeasuredClip) -> NDArray[np.bool_]:
    """Which pixels [T,H,W] show the person reference unchanged, with a margin."""
    return clip.once("still", given(clip.truth), lambda truth: _still(truth, given(clip.person)))


def lab_error(clip: MeasuredClip, frames_THW3: Frames) -> NDArray[np.float32]:
    """Distance in Lab of every pixel [T,H,W] from the true clip's."""
    return clip.once("lab_error", frames_THW3, lambda frames: _lab_error(clip, frames))


def mean_inside(values_THW: NDArray[np.floating], mask_THW: NDArray[np.bool_]) -> list[float]:
    """Each frame's mean over the pixels of the mask; NaN where they are too few."""
    count_T = mask_THW.sum(axis=(1, 2))
    sum_T = np.where(mask_THW, values_THW, 0).sum(axis=(1, 2), dtype=np.float64)
    return [float(s / n) if n >= FEWEST_PIXELS else float("nan") for s, n in zip(sum_T, count_T, strict=True)]


def cells(frames_THW3: Frames) -> NDArray[np.float32]:
    """Mean Lab colour of cells [T,h,w,3]: what flickers, not what is grainy."""
    frames, height, width, _ = frames_THW3.shape
    rows, columns = height // CELL, width // CELL
    cut = frames_THW3[:, : rows * CELL, : columns * CELL].astype(np.float64)
    means = cut.reshape(frames, rows, CELL, columns, CELL, 3).mean(axis=(2, 4))
    return quick_lab(means.round().astype(np.uint8))


def whole_cells(mask_THW: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Cells [T,h,w] all of whose pixels are in the mask."""
    frames, height, width = mask_THW.shape
    rows, columns = height // CELL, width // CELL
    cut = mask_THW[:, : rows * CELL, : columns * CELL].reshape(frames, rows, CELL, columns, CELL)
    return np.asarray(cut.all(axis=(2, 4)))


def _lab_error(clip: MeasuredClip, frames_THW3: Frames) -> NDArray[np.float32]:
    truth_lab = clip.once("lab", given(clip.truth), quick_lab)
    return _distance(clip.once("video_lab", frames_THW3, quick_lab) - truth_lab)


def _distance(difference_THW3: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.sqrt(np.square(difference_THW3).sum(axis=-1))


def _still(truth_THW3: Frames, person_HW3: Frames) -> NDArray[np.bool_]:
    from scipy.ndimage import binary_dilation

    moved_THW = np.abs(truth_THW3.astype(np.int16) - person_HW3).max(axis=-1) > SAME
    square = np.ones((1, 2 * MARGIN + 1, 2 * MARGIN + 1), bool)
    return ~np.asarray(binary_dilation(moved_THW, square), np.bool_)
