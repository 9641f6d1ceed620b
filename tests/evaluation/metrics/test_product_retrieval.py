"""Product retrieval on drawn products: two colours, a label, hands and shirts that must not be taken for them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from data.contracts import FrameBoxes
from evaluation.metrics.product_retrieval import describe_in_clip, describe_reference, nearest

Colour = tuple[int, int, int]
PRODUCTS: list[tuple[Colour, Colour]] = [
    ((220, 30, 30), (250, 240, 60)),
    ((30, 60, 210), (250, 160, 40)),
    ((30, 160, 60), (20, 20, 25)),
    ((250, 240, 60), (220, 30, 30)),
    ((20, 20, 25), (30, 160, 60)),
]
SKIN, SHIRT = (224, 172, 140), (130, 60, 150)
BOX = (14, 30, 25, 49)


def _reference(product: int) -> NDArray[np.uint8]:
    picture = np.full((64, 48, 3), 255, dtype=np.uint8)
    body, label = PRODUCTS[product]
    picture[14:54, 14:34] = body
    picture[27:41, 14:34] = label
    return picture


def _person() -> NDArray[np.uint8]:
    picture = np.full((64, 48, 3), SHIRT, dtype=np.uint8)
    picture[4:20, 16:32] = SKIN
    return picture


def _clip(product: int) -> NDArray[np.uint8]:
    frame = _person()
    body, label = PRODUCTS[product]
    frame[30:50, 16:26] = body
    frame[37:43, 16:26] = label
    frame[40:48, 14:18] = SKIN  # fingers around it
    noise = np.random.default_rng(product).normal(0, 6, (33, *frame.shape))
    return np.clip(frame + noise, 0, 255).astype(np.uint8)


BOXES = {frame: FrameBoxes(product=BOX, face=(16, 4, 31, 19)) for frame in (2, 6)}


@pytest.mark.parametrize("product", range(len(PRODUCTS)))
def test_each_product_is_nearest_to_its_own_reference(product: int) -> None:
    references = [describe_reference(_reference(index)) for index in range(len(PRODUCTS))]
    described = describe_in_clip(_clip(product), BOXES, _person())
    assert described is not None
    assert nearest(described, references) == product


def test_size_of_the_reference_does_not_matter() -> None:
    small = np.full((64, 48, 3), 255, dtype=np.uint8)
    small[20:40, 20:30] = _reference(0)[14:54:2, 14:34:2]
    assert describe_reference(small) == pytest.approx(describe_reference(_reference(0)), abs=0.06)


def test_without_a_product_box_there_is_nothing_to_describe() -> None:
    assert describe_in_clip(_clip(0), {2: FrameBoxes()}, _person()) is None


def test_a_clip_that_shows_no_product_is_still_described() -> None:
    described = describe_in_clip(np.stack([_person()] * 7), BOXES, _person())
    assert described is not None
    assert np.isfinite(described).all()
