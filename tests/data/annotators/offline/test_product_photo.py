"""The delivered picture of a product: its ground is taken off, whatever it is."""

import numpy as np
import pytest

from data.annotators.contracts import Frames

pytest.importorskip("cv2", reason="OpenCV comes with `make setup-annotators`")

from data.annotators.offline.product_photo import LONG_SIDE, ProductPhoto


def pictured(ground_HWC: Frames, colour: tuple[int, int, int]) -> Frames:
    """A box of 120x80 with a label in the ground's colour."""
    picture_HWC = ground_HWC.copy()
    picture_HWC[60:180, 80:160] = colour
    picture_HWC[100:130, 95:145] = ground_HWC[0, 0]
    return picture_HWC


def plain(colour: tuple[int, int, int]) -> Frames:
    return np.full((240, 240, 3), colour, np.uint8)


def shaded() -> Frames:
    """Grey that grows darker to the bottom, as a studio photo's ground does."""
    return np.repeat(np.linspace(250, 190, 240).astype(np.uint8)[:, None, None], 240, 1).repeat(3, 2)


@pytest.mark.parametrize("ground_HWC", [plain((255, 255, 255)), plain((20, 20, 20)), plain((90, 160, 90)), shaded()])
def test_the_ground_is_taken_off_and_a_label_in_its_colour_stays(ground_HWC: Frames) -> None:
    photo = ProductPhoto.of(pictured(ground_HWC, (200, 40, 60)))
    box_HW = np.zeros((240, 240), bool)
    box_HW[60:180, 80:160] = True
    overlap = (photo.mask_HW & box_HW).sum() / (photo.mask_HW | box_HW).sum()
    assert overlap > 0.9


def test_a_large_picture_is_looked_at_small() -> None:
    photo = ProductPhoto.of(pictured(shaded(), (200, 40, 60)).repeat(8, 0).repeat(8, 1))
    assert max(photo.rgb_HWC.shape) == LONG_SIDE
    assert photo.pixels().mean(axis=0)[0] > photo.pixels().mean(axis=0)[1] + 40, "red, as the box is"


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0), (120, 120, 120)])
def test_a_picture_of_nothing_still_has_pixels(colour: tuple[int, int, int]) -> None:
    assert len(ProductPhoto.of(plain(colour)).pixels()) > 0
