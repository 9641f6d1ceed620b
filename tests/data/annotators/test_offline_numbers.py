"""The parts of the offline tools that need none of their packages: time, colour, and the structure video."""

import numpy as np
import pytest

from data.annotators.offline.colour_model import ColourModel
from data.annotators.offline.tracks import LONGEST_GAP, fill_short_gaps, steady
from data.annotators.structure.mesh import MeshStructure
from data.annotators.structure.silhouette import GREY, SilhouetteStructure


def line_track(frames: int) -> np.ndarray:
    """One landmark that moves two pixels a frame."""
    track_TK3 = np.ones((frames, 1, 3), np.float32)
    track_TK3[:, 0, 0], track_TK3[:, 0, 1] = 2 * np.arange(frames), 5
    return track_TK3


def test_a_short_gap_is_filled_and_trusted_less() -> None:
    track_TK3 = line_track(12)
    track_TK3[3 : 3 + LONGEST_GAP] = 0
    filled_TK3 = fill_short_gaps(track_TK3)
    assert filled_TK3[..., :2] == pytest.approx(line_track(12)[..., :2])
    assert (filled_TK3[3 : 3 + LONGEST_GAP, 0, 2] == 0.5).all()


@pytest.mark.parametrize("gap", [slice(2, 2 + LONGEST_GAP + 1), slice(0, 3), slice(9, 12)])
def test_nothing_is_invented_over_a_long_gap_or_beyond_the_ends(gap: slice) -> None:
    track_TK3 = line_track(12)
    track_TK3[gap] = 0
    assert (fill_short_gaps(track_TK3)[gap] == 0).all()


def test_steady_takes_off_jitter_and_leaves_what_is_unseen() -> None:
    track_TK3 = line_track(40)
    track_TK3[:, 0, 0] += np.where(np.arange(40) % 2, 1.0, -1.0)
    track_TK3[20] = 0
    smooth_TK3 = steady(track_TK3)
    missed_T = np.abs(smooth_TK3[:, 0, 0] - 2 * np.arange(40))[[*range(1, 19), *range(22, 39)]]
    assert missed_T.max() < 0.01
    assert (smooth_TK3[20] == 0).all()


def test_a_colour_model_knows_its_own_colours() -> None:
    noise = np.random.default_rng(0)
    red_NC = np.clip(noise.normal((120, 180, 150), 4, (500, 3)), 0, 255).astype(np.uint8)
    model = ColourModel.of(red_NC)
    own, other = model.of_pixels(np.array([[120, 180, 150], [120, 90, 150]], np.uint8))
    assert own > 100 * other
    assert other > 0


def test_the_structure_video_is_the_mesh_with_the_products_own_pixels() -> None:
    rgb_THWC = np.full((2, 4, 4, 3), 77, np.uint8)
    mesh_THWC = np.zeros_like(rgb_THWC)
    mesh_THWC[:, :2] = (120, 110, 100)
    product_THW = np.zeros((2, 4, 4), bool)
    product_THW[:, 1:3, 1] = True
    shown_THWC = MeshStructure().compose(rgb_THWC, mesh_THWC, product_THW)
    assert (shown_THWC[product_THW] == 77).all()
    assert shown_THWC[0, 0, 0].tolist() == [120, 110, 100]
    assert not shown_THWC[0, 3].any()
    flat_THWC = SilhouetteStructure().compose(rgb_THWC, mesh_THWC, product_THW)
    assert (flat_THWC[0, 0] == GREY).all()
    assert (flat_THWC[product_THW] == 77).all()
    with pytest.raises(ValueError, match="do not fit the clip"):
        MeshStructure().compose(rgb_THWC, mesh_THWC[:1], product_THW)
