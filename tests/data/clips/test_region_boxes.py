import numpy as np
import pytest

from data.clips.region_boxes import BASE, HAND, HEAD, PRODUCT, expected_frames, region_labels
from data.contracts import FrameBoxes
from model.contracts import LABELS, REGIONS

FRAMES, HEIGHT, WIDTH = 33, 96, 64
GRID = (8, 6, 4)


def labels(boxes: dict[int, FrameBoxes]) -> np.ndarray:
    return region_labels(boxes, FRAMES, HEIGHT, WIDTH).reshape(GRID)


def test_label_values_are_the_regions_of_the_model() -> None:
    assert (LABELS[BASE], LABELS[HEAD], LABELS[HAND], LABELS[PRODUCT]) == ("base", "head", "hand", "product")
    assert LABELS[: len(REGIONS)] == REGIONS


def test_every_latent_frame_but_the_first_has_its_pixel_frame() -> None:
    assert expected_frames(81) == list(range(2, 79, 4))
    assert len(expected_frames(81)) == 20
    assert expected_frames(33) == [2, 6, 10, 14, 18, 22, 26, 30]


def test_a_box_labels_its_latent_frame_and_its_tokens_inclusive() -> None:
    found = labels({10: FrameBoxes(face=(15, 16, 32, 47))})
    expected = np.zeros(GRID, np.uint8)
    expected[2, 1:3, 0:3] = HEAD  # (10 - 2) // 4; columns 15//16 .. 32//16, rows 16//16 .. 47//16
    np.testing.assert_array_equal(found, expected)


def test_hand_over_head_over_product_over_base() -> None:
    boxes = FrameBoxes(
        face=(0, 0, 31, 31), left_hand=(16, 16, 47, 31), right_hand=(0, 80, 15, 95), product=(0, 0, 63, 79)
    )
    found = labels({2: boxes})[0]
    expected = np.zeros(GRID[1:], np.uint8)
    expected[0:5] = PRODUCT
    expected[0:2, 0:2] = HEAD
    expected[1, 1:3] = HAND
    expected[5, 0] = HAND
    np.testing.assert_array_equal(found, expected)


def test_frames_without_boxes_are_base() -> None:
    assert set(np.unique(labels({2: FrameBoxes(face=(0, 0, 63, 95))})[1:])) == {BASE}


@pytest.mark.parametrize("frame", [0, 1, 3, 34])
def test_latent_frame_numbers_are_refused(frame: int) -> None:
    with pytest.raises(ValueError, match="time base"):
        labels({frame: FrameBoxes()})
