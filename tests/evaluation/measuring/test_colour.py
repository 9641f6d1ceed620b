"""Colours against values known by hand."""

import numpy as np
import pytest

from evaluation.measuring.colour import lab_from_rgb


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [((255, 255, 255), (100, 0, 0)), ((0, 0, 0), (0, 0, 0)), ((255, 0, 0), (53.24, 80.09, 67.20))],
)
def test_lab_of_known_colours(rgb: tuple[int, int, int], lab: tuple[float, float, float]) -> None:
    assert lab_from_rgb(np.array(rgb, dtype=np.uint8)) == pytest.approx(np.array(lab), abs=0.05)
