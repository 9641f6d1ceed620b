"""What is known of a clip of the studio, and what the recognisers see in a video, in every frame. Imports no torch.

Shape legend: T frames, H W pixels, D numbers that describe a face.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

KINDS = ("background", "body", "face", "hair", "hand", "product")
BACKGROUND, BODY, FACE, HAIR, HAND, PRODUCT = range(len(KINDS))
KIND_OF_PART = np.array([BACKGROUND, BACKGROUND, BODY, FACE, HAIR, HAND, HAND, PRODUCT], np.uint8)
"""Indexed by data.sources.studio.shapes.Part."""


@dataclass(frozen=True)
class Exact:
    """The true clip, as the studio drew it."""

    kinds_THW: NDArray[np.uint8]  # what each pixel shows, indices into KINDS
    left_THW: NDArray[np.bool_]  # the pixels of the person's left hand; all others of kind HAND are the right one's
    mouth_T: NDArray[np.floating]  # 0 closed .. 1 wide open
    face: tuple[int, int, int, int]  # where it is, in all frames: x1, y1, x2, y2, these two exclusive

    @property
    def covered_T(self) -> NDArray[np.float64]:  # noqa: N802 - T is its shape
        """Which share of the box around the face shows a hand or the product."""
        x1, y1, x2, y2 = self.face
        face_THW = self.kinds_THW[:, y1:y2, x1:x2]
        return ((face_THW == HAND) | (face_THW == PRODUCT)).mean(axis=(1, 2))


@dataclass(frozen=True)
class Seen:
    """All frames of one video."""

    map_parts: Callable[[], NDArray[np.uint8]]  # takes longer than all else together, and not every video needs it
    mouth_T: NDArray[np.float64]  # 0 closed .. 1 wide open
    faces_TD: NDArray[np.float64]  # descriptions whose distance is about 1 between frames of one person
    person_D: NDArray[np.float64]  # the same of the person reference
    face_odd_T: NDArray[np.float64]  # how far from any face, 1: as training frames are

    @cached_property
    def kinds_THW(self) -> NDArray[np.uint8]:  # noqa: N802 - T H W is its shape
        """What each pixel shows, indices into KINDS."""
        return self.map_parts()
