"""Does a person reference still show the product that was taken out of it? By colour, without any tool's package.

Shape legend: H W pixels, C = 3 colours (RGB, uint8), N pixels.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import distance_transform_edt

from data.annotators.contracts import Frames, Mask
from data.annotators.offline.colour_model import ColourModel

SHORT_SIDE = 270  # both are compared at this size
ZONE = 0.5  # of the mask's side: how far around it something may be left
AWAY = 0.8  # of the mask's side: from here on colours are those of person and background
TIMES = 25.0  # a colour is the product's if it is so many times likelier there: clothes fill a quarter of a frame


def product_left(rgb_HWC: Frames, product_HW: Mask, person_HWC: Frames) -> float | None:
    """Area in the product's colours, in and around where it was, as a share of its area; 0 is clean.

    A product in the colours of clothes or wall cannot be told from them: it counts as removed.

    Args:
        rgb_HWC: the frame that the reference was made from.
        product_HW: the product in it.
        person_HWC: the reference, of the same view.

    Returns:
        None where the frame shows no product.
    """
    if not product_HW.any():
        return None
    height, width = product_HW.shape
    scale = min(1.0, SHORT_SIDE / min(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    before_HWC, after_HWC = colours(rgb_HWC, size), colours(person_HWC, size)
    inside_HW = np.asarray(Image.fromarray(product_HW).resize(size, Image.Resampling.NEAREST))
    if not inside_HW.any():
        return None
    side, outside_HW = np.sqrt(inside_HW.sum()), distance_transform_edt(~inside_HW)
    product = ColourModel.of(before_HWC[inside_HW])
    others = ColourModel.of(before_HWC[outside_HW > AWAY * side])
    after_N3 = after_HWC[outside_HW <= ZONE * side]
    left = int((product.of_pixels(after_N3) > TIMES * others.of_pixels(after_N3)).sum())
    return round(left / int(inside_HW.sum()), 4)


def colours(rgb_HWC: Frames, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Luma and two colours of every pixel, as ColourModel bins them."""
    small = Image.fromarray(rgb_HWC).resize(size, Image.Resampling.BOX)
    return np.asarray(small.convert("YCbCr"))
