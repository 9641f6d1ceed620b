"""Overlaps and shifts in time are what they are called; what was not found counts as nothing."""

import numpy as np
import pytest

from benchmarks.agreement import best_offset, box_agreement, box_overlap, mask_agreement, mask_overlap
from data.annotators.annotate_clip import reference_frame
from data.contracts import FrameBoxes
from foundation.clip_format import Box
from foundation.geometry import box_of


@pytest.mark.parametrize(
    ("second", "overlap"),
    [((0, 0, 9, 9), 1.0), ((5, 0, 14, 9), 50 / 150), ((10, 0, 19, 9), 0.0), ((2, 2, 3, 3), 0.04), (None, 0.0)],
)
def test_edges_are_inclusive(second: Box | None, overlap: float) -> None:
    assert box_overlap((0, 0, 9, 9), second) == pytest.approx(overlap)
    assert box_overlap(second, (0, 0, 9, 9)) == pytest.approx(overlap)


def moving_face(frames: range, lead: int) -> dict[int, FrameBoxes]:
    """A face that swings, its boxes `lead` frames ahead of the picture."""
    places = {frame: round(60 + 40 * np.sin((frame + lead) / 7)) for frame in frames}
    return {frame: FrameBoxes(face=(x, 10, x + 19, 29)) for frame, x in places.items()}


@pytest.mark.parametrize("lead", [-3, 0, 6])
def test_the_lead_of_boxes_is_found(lead: int) -> None:
    found, known = moving_face(range(81), 0), moving_face(range(2, 81, 4), lead)
    assert best_offset(found, known, ["face"]) == lead
    assert box_agreement(found, known, "face", lead).overlap == 1.0
    assert box_agreement(found, known, "face", lead + 3).overlap < 0.9


def test_what_was_not_found_overlaps_nothing_and_what_is_not_known_is_not_asked() -> None:
    known = {2: FrameBoxes(face=(0, 0, 9, 9)), 6: FrameBoxes(face=(0, 0, 9, 9)), 10: FrameBoxes()}
    found = {2: FrameBoxes(face=(0, 0, 9, 9)), 6: FrameBoxes(), 10: FrameBoxes(face=(0, 0, 9, 9))}
    agreed = box_agreement(found, known, "face")
    assert (agreed.overlap, agreed.found, agreed.frames) == (0.5, 0.5, 2)


def test_masks_overlap_pixel_by_pixel() -> None:
    known_THW = np.zeros((3, 4, 4), bool)
    known_THW[:2, :2] = True
    found_THW = np.zeros_like(known_THW)
    found_THW[0, 1:3] = True
    assert mask_overlap(known_THW[0], found_THW[0]) == pytest.approx(4 / 12)
    agreed = mask_agreement(found_THW, known_THW)
    assert (agreed.overlap, agreed.found, agreed.frames) == (pytest.approx(2 / 12), 0.5, 2)
    assert mask_agreement(np.roll(known_THW, 1, axis=0), known_THW, offset=1).overlap == 1.0


def test_a_mask_gives_its_box_and_the_references_their_frame() -> None:
    mask_THW = np.zeros((3, 8, 8), bool)
    mask_THW[1, 2:4, 3:7], mask_THW[2] = True, True
    assert box_of(mask_THW[1]) == (3, 2, 6, 3)
    assert box_of(mask_THW[0]) is None
    faces = {0: FrameBoxes(face=(0, 0, 1, 1)), 1: FrameBoxes(face=(0, 0, 1, 1)), 2: FrameBoxes()}
    assert reference_frame(faces, mask_THW) == 1
    with pytest.raises(ValueError, match="no frame shows face and product"):
        reference_frame({2: FrameBoxes()}, mask_THW)
