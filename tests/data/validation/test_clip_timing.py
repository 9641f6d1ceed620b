"""What moves tells which of two things is ahead: made here by hand, so the answer is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from data.contracts import FrameBoxes
from data.validation.clip_timing import boxes_lag, grey_grid, structure_lag

FRAMES, HEIGHT, WIDTH, SIDE = 41, 96, 64, 12
TURN = np.linspace(0, 5, FRAMES) + 0.4 * np.sin(np.arange(FRAMES))  # never the same movement twice
TOP, LEFT = (30 + 25 * np.sin(TURN)).astype(int), (25 + 20 * np.cos(1.3 * TURN)).astype(int)


def square_video(late: int = 0, ground: int = 120) -> NDArray[np.uint8]:
    """A square on its way, `late` frames behind where the boxes say."""
    video = np.full((FRAMES, HEIGHT, WIDTH, 3), ground, np.uint8)
    for frame in range(FRAMES):
        at = min(max(frame - late, 0), FRAMES - 1)
        video[frame, TOP[at] : TOP[at] + SIDE, LEFT[at] : LEFT[at] + SIDE] = 250
    return video


def square_boxes() -> dict[int, FrameBoxes]:
    found = {}
    for frame in range(2, FRAMES, 4):
        top, left = int(TOP[frame]), int(LEFT[frame])
        found[frame] = FrameBoxes(left_hand=(left, top, left + SIDE - 1, top + SIDE - 1))
    return found


@pytest.mark.parametrize("late", [0, 6, -5])
def test_the_boxes_lead_is_found(late: int) -> None:
    lag = boxes_lag(grey_grid(square_video(late)), square_boxes(), HEIGHT, WIDTH)
    assert abs(lag.frames - late) <= 1
    assert lag.gain > 0.1 or late == 0


@pytest.mark.parametrize("late", [0, 6, -5])
def test_the_structure_videos_lead_is_found(late: int) -> None:
    lag = structure_lag(grey_grid(square_video(late)), grey_grid(square_video(ground=0)))
    assert lag.frames == late
    assert lag.agreement > 0.9


def test_a_structure_video_of_something_else_does_not_agree() -> None:
    other = square_video(ground=0)[::-1, ::-1, ::-1].copy()
    assert structure_lag(grey_grid(square_video()), grey_grid(other)).agreement < 0.35


def test_where_nothing_moves_nothing_is_late() -> None:
    still = np.full((FRAMES, HEIGHT, WIDTH, 3), 90, np.uint8)
    boxes = {frame: FrameBoxes(face=(5, 5, 20, 20)) for frame in range(2, FRAMES, 4)}
    assert boxes_lag(grey_grid(still), boxes, HEIGHT, WIDTH).frames == 0
    assert structure_lag(grey_grid(still), grey_grid(still)).agreement == 1.0
    assert boxes_lag(grey_grid(square_video()), {}, HEIGHT, WIDTH).frames == 0


def test_a_structure_video_that_stands_still_does_not_agree_with_a_clip_that_moves() -> None:
    assert structure_lag(grey_grid(square_video()), grey_grid(np.zeros_like(square_video()))).agreement < 0.35
