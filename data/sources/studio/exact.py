"""What the studio knows exactly of a clip it filmed, in every frame: which part each pixel shows, and the mouth.

A clip is a pure function of its seed and number, and its id names both. So nothing has to be stored beside a delivery:
the clip is filmed once more (0.1 s), and what is known is given only where the pictures are the ones that were
delivered. Clips of other sources, of another look or studio version get nothing.

Shape legend: T frames, H W pixels.
"""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.sources.studio.film import film
from data.sources.studio.shapes import Part
from foundation.clip_format import ClipFormat

CLIP_ID = re.compile(r"s(\d+)_(\d{4,})")
SAME_PICTURE = 1.0  # mean difference of 255 below which two films of a clip are one; lossless ones are equal
NEAREST_FIRST = (
    Part.LEFT_HAND,
    Part.RIGHT_HAND,
    Part.PRODUCT,
    Part.FACE,
    Part.HAIR,
    Part.BODY,
    Part.TABLE,
    Part.BACKDROP,
)


@dataclass(frozen=True)
class ExactTruth:
    """Of one clip; a pixel on an edge shows several parts and counts as the first of NEAREST_FIRST."""

    parts_THW: NDArray[np.uint8]  # values of Part
    mouth_T: NDArray[np.float32]  # 0 closed .. 1 wide open


def exact_truth(clip_id: str, clip: ClipFormat, frames_THW3: NDArray[np.uint8]) -> ExactTruth | None:
    """What is known of the clip with this id and these frames; None where the studio did not film it so."""
    named = CLIP_ID.fullmatch(clip_id)
    if named is None:
        return None
    filmed = film(int(named[1]), int(named[2]), clip)
    if filmed.rgb_TYX3.shape != frames_THW3.shape:
        return None
    if np.abs(filmed.rgb_TYX3.astype(np.int16) - frames_THW3).mean() > SAME_PICTURE:
        return None
    return ExactTruth(nearest_parts(filmed.parts_TYX), filmed.mouth_T)


def nearest_parts(bits_THW: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """One part a pixel [T,H,W] from the bit set of all that it shows."""
    parts_THW = np.zeros_like(bits_THW)
    for part in reversed(NEAREST_FIRST):
        parts_THW[(bits_THW >> part) & 1 == 1] = part
    return parts_THW
