"""What the studio knows of its own clips, and that it claims nothing of others'."""

import numpy as np

from data.sources.studio.exact import exact_truth, nearest_parts
from data.sources.studio.film import film
from data.sources.studio.shapes import Part
from foundation.clip_format import ClipFormat

FORMAT = ClipFormat(frames=5, frames_per_second=25, height=96, width=64, motion_frames=0)


def test_every_frame_of_its_own_clip_is_known() -> None:
    clip = film(1000, 0, FORMAT)
    truth = exact_truth("s1000_0000", FORMAT, clip.rgb_TYX3)
    assert truth is not None
    assert np.array_equal(truth.mouth_T, clip.mouth_T)
    for frame, boxes in clip.boxes.items():
        rows, columns = np.nonzero(truth.parts_THW[frame] == Part.LEFT_HAND)
        assert boxes.left_hand == (columns.min(), rows.min(), columns.max(), rows.max())


def test_nothing_is_known_of_others_clips_or_of_one_that_was_changed() -> None:
    clip = film(1000, 0, FORMAT)
    assert exact_truth("demo_7", FORMAT, clip.rgb_TYX3) is None
    assert exact_truth("s1000_0001", FORMAT, clip.rgb_TYX3) is None
    assert exact_truth("s1000_0000", FORMAT, clip.rgb_TYX3[:, ::-1].copy()) is None
    assert exact_truth("s1000_0000", FORMAT, clip.rgb_TYX3[:, :48].copy()) is None


def test_an_edge_pixel_counts_as_what_is_nearest() -> None:
    bits = np.array([[[1 << Part.PRODUCT | 1 << Part.LEFT_HAND, 1 << Part.BACKDROP, 1 << Part.HAIR | 1 << Part.FACE]]])
    assert nearest_parts(bits.astype(np.uint8)).tolist() == [[[Part.LEFT_HAND, Part.BACKDROP, Part.FACE]]]
