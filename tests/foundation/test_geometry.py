import numpy as np
import pytest

from data.contracts import FrameBoxes
from foundation.geometry import CoverCrop, box_area, box_iou, box_of


@pytest.mark.parametrize("source", [(1920, 1080), (720, 1280), (48, 32), (300, 301)])
def test_a_box_moves_with_its_pixels(source: tuple[int, int]) -> None:
    """Paint a box, crop picture and box: the box must frame what was painted."""
    height, width = source
    box = (width // 2 - width // 8, height // 3, width // 2 + width // 8, height // 2)
    frame_HWC = np.zeros((height, width, 3), np.uint8)
    frame_HWC[box[1] : box[3] + 1, box[0] : box[2] + 1] = 255
    crop = CoverCrop(height, width, 112, 64)
    painted_HW = crop.frames(frame_HWC[None])[0, :, :, 0] > 127
    rows, columns = np.flatnonzero(painted_HW.any(axis=1)), np.flatnonzero(painted_HW.any(axis=0))
    moved = crop.box(box)
    assert moved is not None
    assert np.abs(np.subtract(moved, (columns[0], rows[0], columns[-1], rows[-1]))).max() <= 1


def test_the_middle_is_kept_and_the_overhang_cut() -> None:
    crop = CoverCrop(100, 400, 50, 100)
    assert (crop.scale, crop.left, crop.top) == (0.5, 100.0, 0.0)
    frames_THWC = np.zeros((2, 100, 400, 3), np.uint8)
    frames_THWC[:, :, 100:300] = 255
    assert crop.frames(frames_THWC).shape == (2, 50, 100, 3)
    assert crop.frames(frames_THWC)[:, :, 1:-1].min() == 255  # bicubic weights look one pixel over the edge


def test_boxes_are_cut_at_the_border_and_dropped_outside() -> None:
    crop = CoverCrop(100, 400, 50, 100)
    boxes = crop.boxes(FrameBoxes(face=(90, 0, 110, 99), left_hand=(0, 0, 50, 50), product=(290, 20, 399, 100)))
    assert boxes == FrameBoxes(face=(0, 0, 5, 49), left_hand=None, product=(95, 10, 99, 49))


def test_shrinking_averages_instead_of_skipping() -> None:
    """A one-pixel checkerboard becomes grey; picking pixels would leave it black or white."""
    checker_HW = ((np.indices((64, 64)).sum(axis=0) % 2) * 255).astype(np.uint8)
    small = CoverCrop(64, 64, 16, 16).frames(np.repeat(checker_HW[None, :, :, None], 3, axis=3))
    assert np.abs(small.astype(int) - 127).max() <= 12


def test_the_right_size_is_left_alone() -> None:
    frames_THWC = np.random.default_rng(0).integers(0, 255, (1, 48, 32, 3), np.uint8)
    assert CoverCrop(48, 32, 48, 32).frames(frames_THWC) is frames_THWC


def test_boxes_overlap_with_their_borders() -> None:
    assert box_iou((0, 0, 9, 9), (0, 0, 9, 9)) == 1.0
    assert box_iou((0, 0, 9, 9), (5, 0, 14, 9)) == pytest.approx(50 / 150)
    assert box_iou((0, 0, 9, 9), (10, 0, 19, 9)) == 0.0
    assert box_iou((9, 9, 0, 0), (0, 0, 9, 9)) == 0.0


def test_a_mask_has_the_smallest_box_around_it() -> None:
    mask_HW = np.zeros((6, 9), np.uint8)
    assert box_of(mask_HW) is None
    mask_HW[2:4, 3:7] = 4
    assert box_of(mask_HW) == (3, 2, 6, 3)
    assert box_area((3, 2, 6, 3)) == 8
