from typing import Any

import pytest

from data.contracts import ClipRecord, FrameBoxes
from data.preparation.detect_boxes import compare_boxes
from data.validation.delivered_boxes import KINDS, box_table, delivered_boxes


def record(clip_id: str, boxes: dict[int, FrameBoxes]) -> ClipRecord:
    media = {"video": "v", "hoi_video": "h", "audio": "a", "person_image": "p"}
    size = {"frames": 33, "frames_per_second": 25.0, "height": 30, "width": 40}
    ids = {"clip_id": clip_id, "person_id": "x", "product_id": "y", "prompt": "z"}
    return ClipRecord.model_validate({**media, **size, **ids, "boxes": boxes})


def rows(*clips: ClipRecord) -> list[dict[Any, Any]]:
    return box_table([delivered_boxes(clip) for clip in clips]).to_dict("records")


def test_a_row_a_box_with_its_room_and_area() -> None:
    (row,) = rows(record("a", {2: FrameBoxes(product=(10, 0, 19, 29))}))
    assert (KINDS[row["kind"]], row["frame"], row["clip"]) == ("product", 2, 0)
    assert (row["room_right"], row["room_below"], row["area"]) == (21, 1, pytest.approx(0.25))
    assert (row["jump"], row["growth"], row["face_covered"]) == (0, 1, 0)


def test_jump_and_growth_are_between_neighbouring_frames_of_one_clip_and_one_thing() -> None:
    moved = {
        2: FrameBoxes(face=(0, 0, 9, 9), left_hand=(0, 0, 3, 3)),
        6: FrameBoxes(face=(3, 4, 12, 13)),
        14: FrameBoxes(face=(30, 20, 39, 29)),  # not the next annotated frame
    }
    other = {6: FrameBoxes(face=(20, 20, 39, 29))}
    found = {(row["clip"], row["frame"], row["kind"]): row for row in rows(record("a", moved), record("b", other))}
    assert found[0, 6, 0]["jump"] == pytest.approx(5 / 50)  # of a 30x40 picture's diagonal
    assert found[0, 6, 0]["growth"] == 1
    assert [found[key]["jump"] for key in ((0, 2, 0), (0, 2, 1), (0, 14, 0), (1, 6, 0))] == [0, 0, 0, 0]
    grown = record("c", {2: FrameBoxes(face=(0, 0, 9, 9)), 6: FrameBoxes(face=(0, 0, 9, 19))})
    assert rows(grown)[1]["growth"] == 2


def test_how_much_of_the_face_the_product_covers_on_the_same_frame() -> None:
    boxes = {
        2: FrameBoxes(face=(0, 0, 9, 9), product=(5, 0, 20, 20)),
        6: FrameBoxes(face=(0, 0, 9, 9)),
        10: FrameBoxes(product=(0, 0, 30, 20)),
    }
    found = {(row["frame"], row["kind"]): row["face_covered"] for row in rows(record("a", boxes))}
    assert found == {(2, 0): 0, (2, 3): 0.5, (6, 0): 0, (10, 3): 0}


def test_a_batch_without_boxes_is_an_empty_table() -> None:
    assert rows(record("a", {})) == []


def test_a_detector_counts_where_both_see_the_thing_on_enough_frames() -> None:
    delivered = {frame: FrameBoxes(face=(0, 0, 9, 9), left_hand=(0, 0, 4, 4)) for frame in (2, 6, 10)}
    seen = {frame: FrameBoxes(face=(5, 0, 14, 9)) for frame in (2, 6, 10, 11)}
    found = compare_boxes(delivered, seen)
    assert found["detector_face_iou"] == pytest.approx(1 / 3, abs=1e-4)
    assert "detector_hand_iou" not in found
    assert compare_boxes(delivered, {2: FrameBoxes(face=(0, 0, 9, 9))}) == {}


def test_a_detector_says_by_how_many_frames_the_boxes_lead() -> None:
    hand = {frame: FrameBoxes(left_hand=(2 * frame, 0, 2 * frame + 19, 19)) for frame in range(41)}
    ahead = {frame: hand[frame + 6] for frame in range(2, 34, 4)}
    found = compare_boxes(ahead, hand)
    assert (found["detector_lag"], found["detector_hand_iou"]) == (6, pytest.approx(0.25))
    assert found["detector_lag_gain"] == pytest.approx(0.75)
    in_step = {frame: hand[frame] for frame in range(2, 34, 4)}
    assert compare_boxes(in_step, hand)["detector_lag"] == 0
