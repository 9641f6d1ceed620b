"""Where boxes written by hand say that the hands are."""

import numpy as np

from data.contracts import FrameBoxes
from evaluation.measuring.hands import annotated_centres


def test_centres_come_in_frame_order_with_nan_for_absent_hands() -> None:
    boxes = {6: FrameBoxes(left_hand=(0, 0, 4, 8)), 2: FrameBoxes(right_hand=(10, 10, 20, 20))}
    frames, centres = annotated_centres(boxes)
    assert frames == [2, 6]
    assert np.isnan(centres[0, 0]).all()
    assert centres[0, 1].tolist() == [15, 15]
    assert centres[1, 0].tolist() == [2, 4]
