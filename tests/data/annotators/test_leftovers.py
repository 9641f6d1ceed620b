"""A person reference that still shows the product is told from one that does not, by colour."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.annotators.contracts import Frames, Mask
from data.annotators.leftovers import product_left
from data.sources.raw_video import FootageRules

SHIRT, SKIN, RED = (70, 90, 160), (215, 170, 140), (200, 40, 40)


@pytest.fixture
def frame() -> tuple[Frames, Mask]:
    return held(RED)


def held(colour: tuple[int, int, int]) -> tuple[Frames, Mask]:
    """A blue shirt, a hand, and a thing of 40x60 in it."""
    noise = np.random.default_rng(0).integers(-6, 7, (240, 160, 3))
    rgb_HWC = np.full((240, 160, 3), SHIRT) + noise
    rgb_HWC[150:190, 50:110] = np.array(SKIN) + noise[150:190, 50:110]
    product_HW = np.zeros((240, 160), bool)
    product_HW[100:160, 60:100] = True
    rgb_HWC[product_HW] = np.array(colour) + noise[product_HW]
    return np.clip(rgb_HWC, 0, 255).astype(np.uint8), product_HW


def without(rgb_HWC: Frames, gone_HW: Mask) -> Frames:
    return np.where(gone_HW[..., None], np.array(SHIRT, np.uint8), rgb_HWC)


def test_a_product_that_is_gone_is_gone(frame: tuple[Frames, Mask]) -> None:
    rgb_HWC, product_HW = frame
    assert product_left(rgb_HWC, product_HW, without(rgb_HWC, product_HW)) == pytest.approx(0, abs=0.01)


def test_patches_in_its_colours_are_measured_by_their_area(frame: tuple[Frames, Mask]) -> None:
    rgb_HWC, product_HW = frame
    most_HW = product_HW.copy()
    most_HW[145:160] = False  # a quarter is left
    assert product_left(rgb_HWC, product_HW, without(rgb_HWC, most_HW)) == pytest.approx(0.25, abs=0.03)


def test_what_the_mask_missed_beside_itself_is_measured_too(frame: tuple[Frames, Mask]) -> None:
    rgb_HWC, product_HW = frame
    half_HW = product_HW.copy()
    half_HW[:, 80:] = False
    left = product_left(rgb_HWC, half_HW, without(rgb_HWC, half_HW))
    assert left is not None
    assert left > 0.4, "the other half lies just beside it"


def test_a_product_in_the_shirts_colour_cannot_be_told(frame: tuple[Frames, Mask]) -> None:
    rgb_HWC, product_HW = frame
    assert product_left(without(rgb_HWC, product_HW), product_HW, rgb_HWC * 0 + np.array(SHIRT, np.uint8)) == 0


def test_without_a_product_nothing_is_judged(frame: tuple[Frames, Mask]) -> None:
    rgb_HWC, product_HW = frame
    assert product_left(rgb_HWC, product_HW & False, rgb_HWC) is None


@given(
    colour=st.sampled_from([RED, (30, 150, 60), (240, 210, 40), (245, 245, 240), (20, 20, 24), (150, 60, 160)]),
    top=st.integers(100, 130),
    left=st.integers(60, 75),
    tall=st.integers(3, 30),
    wide=st.integers(3, 25),
)
@settings(max_examples=25, deadline=None, derandomize=True)
def test_patches_of_any_colour_and_place_are_refused_by_their_size(
    colour: tuple[int, int, int], top: int, left: int, tall: int, wide: int
) -> None:
    """By the rule of conf/data/raw_video.yaml; near it either may come out."""
    rgb_HWC, product_HW = held(colour)
    gone_HW = product_HW.copy()
    gone_HW[top : top + tall, left : left + wide] = False
    share, rule = tall * wide / product_HW.sum(), FootageRules().product_left
    measured = product_left(rgb_HWC, product_HW, without(rgb_HWC, gone_HW))
    assert measured is not None
    assert measured == pytest.approx(share, abs=0.04)
    if abs(share - rule) > 0.04:
        assert (measured > rule) == (share > rule)
