"""What a product looks like, in numbers: which Lab colours it has, and where they lie from top to bottom.

A soft histogram of its colours, and the mean colour of four bands. It sees colour and its layout, hardly shape.

Shape legend: H W pixels of a crop, P pixels, D descriptor.
"""

import math

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]

BANDS = 4
BAND_WEIGHT = 0.02  # of one Lab unit in a band, against a histogram that sums to 1
CELL = 25.0  # width in Lab of a histogram cell: 5 of lightness, 9 x 9 of colour
CELLS = (5, 9, 9)


def describe(lab_HW3: NDArray[np.floating], weights_HW: Real) -> Real:
    """Descriptor [D] of a crop: weighted colour histogram (sums to 1) and the bands' mean colours."""
    weights_P = weights_HW.ravel()
    mean = np.average(lab_HW3.reshape(-1, 3), axis=0, weights=weights_P)
    parts = zip(np.array_split(lab_HW3, BANDS), np.array_split(weights_HW, BANDS), strict=True)
    bands = [
        np.average(band.reshape(-1, 3), axis=0, weights=weight.ravel()) if weight.sum() > 0 else mean
        for band, weight in parts
    ]
    histogram = _soft_histogram(lab_HW3.reshape(-1, 3), weights_P)
    return np.concatenate([histogram, np.concatenate(bands) * BAND_WEIGHT / BANDS])


def _soft_histogram(lab_P3: NDArray[np.floating], weights_P: Real) -> Real:
    """Trilinear Lab histogram: a pixel shares its weight among the eight cells around it."""
    places = np.clip((lab_P3 + np.array([0.0, 100.0, 100.0])) / CELL, 0, np.array(CELLS) - 1.001)
    low = places.astype(int)
    part = places - low
    sides_2P3 = np.stack([1 - part, part])
    histogram = np.zeros(math.prod(CELLS))
    for light, red, blue in np.ndindex(2, 2, 2):
        share_P = weights_P * (sides_2P3[light, :, 0] * sides_2P3[red, :, 1] * sides_2P3[blue, :, 2])
        cell_P = np.ravel_multi_index(tuple((low + np.array([light, red, blue])).T), CELLS)
        histogram += np.bincount(cell_P, share_P, len(histogram))
    return histogram / weights_P.sum()
