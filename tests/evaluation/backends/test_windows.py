"""The window of a feature map that is nearest to a reference, and references on white."""

import numpy as np
import pytest

from evaluation.backends.windows import nearest_window, on_white_square, unit


def test_the_window_that_holds_the_reference_is_found_wherever_it_is() -> None:
    draw = np.random.default_rng(0)
    map_Dhw = draw.normal(size=(12, 8, 6))
    here_D = unit(map_Dhw[:, 3:5, 2:4].mean(axis=(1, 2)))
    assert nearest_window(map_Dhw, here_D, (2,)) == pytest.approx(1.0)
    assert nearest_window(map_Dhw, here_D, (3,)) < 0.95
    assert nearest_window(map_Dhw, unit(draw.normal(size=12)), (2, 3, 9)) < 0.95


def test_a_product_is_cut_out_and_centred_on_white() -> None:
    picture = np.full((100, 60, 3), 255, np.uint8)
    picture[10:50, 40:50] = (200, 0, 0)
    square = on_white_square(picture, 40)
    assert square is not None
    assert square.shape == (40, 40, 3)
    assert (square[:, :14] == 255).all()
    assert square[20, 20].tolist() == [200, 0, 0]
    assert on_white_square(np.full_like(picture, 255), 40) is None
