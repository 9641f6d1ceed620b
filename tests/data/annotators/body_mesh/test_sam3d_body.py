"""The drawing of SAM-3D-Body's mesh; its model is no package of an index and is not run here."""

import numpy as np
import pytest

from data.annotators.body_mesh.sam3d_body import draw_mesh

SQUARE = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], np.float32)
FACES = np.array([[0, 1, 2], [0, 2, 3]])


def test_a_square_lies_where_the_camera_sees_it() -> None:
    picture = draw_mesh(SQUARE + np.array([0.5, 0, 10]), FACES, 100, 60, 80)
    rows, columns = np.nonzero(picture[..., 0])
    assert (rows.min(), rows.max()) == pytest.approx((20, 40), abs=1)
    assert (columns.min(), columns.max()) == pytest.approx((35, 55), abs=1)
    assert picture[30, 45].tolist() == [255, 255, 255], "it faces the camera"


def test_what_is_near_hides_what_is_far_and_slopes_are_darker() -> None:
    slope = SQUARE @ np.array([[1, 0, 0], [0, 0.2, 1], [0, 0, 1]], np.float32)
    vertices = np.concatenate([SQUARE + np.array([0, 0, 10]), 0.2 * slope + np.array([0, 0, 5])])
    picture = draw_mesh(vertices, np.concatenate([FACES, FACES + 4]), 100, 60, 80)
    assert picture[22, 40, 0] == 255
    assert 80 < picture[30, 40, 0] < 150
