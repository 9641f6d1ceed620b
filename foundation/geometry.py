"""What is done with boxes; resize-to-cover and centre crop, of pictures and of their boxes, so that they stay together.

The crop is taken out of the source in one antialiased step (Pillow, bicubic over the true support), without rounding
the intermediate size: a box moves exactly as its pixels do. CoInteract, arXiv 2604.19636, sec. 3.3.
"""

from dataclasses import dataclass
from math import ceil, floor
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel

from foundation.clip_format import Box

Boxes = TypeVar("Boxes", bound=BaseModel)
# T frames, H height, W width, C = 3 colours (RGB)


def box_area(box: Box) -> int:
    """Pixels of a box; 0 where its edges are the wrong way round."""
    return max(0, box[2] - box[0] + 1) * max(0, box[3] - box[1] + 1)


def box_iou(one: Box, other: Box) -> float:
    """Intersection over union of two boxes."""
    (left, top), (right, bottom) = map(max, one[:2], other[:2]), map(min, one[2:], other[2:])
    shared = box_area((left, top, right, bottom))
    return shared / max(1, box_area(one) + box_area(other) - shared)


def box_of(mask_HW: NDArray[Any]) -> Box | None:
    """The smallest box that holds every pixel of a mask which is not 0; None where all are."""
    rows, columns = np.flatnonzero(mask_HW.any(axis=1)), np.flatnonzero(mask_HW.any(axis=0))
    if not rows.size:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])


@dataclass(frozen=True)
class CoverCrop:
    """From a source of source_height x source_width pixels to height x width pixels."""

    source_height: int
    source_width: int
    height: int
    width: int

    @property
    def scale(self) -> float:
        """Target pixels for each source pixel."""
        return max(self.height / self.source_height, self.width / self.source_width)

    @property
    def left(self) -> float:
        """Source pixels cut off at the left."""
        return (self.source_width - self.width / self.scale) / 2

    @property
    def top(self) -> float:
        return (self.source_height - self.height / self.scale) / 2

    @property
    def changes_nothing(self) -> bool:
        return (self.source_height, self.source_width) == (self.height, self.width)

    def frames(self, frames_THWC: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """uint8 [T, source_height, source_width, 3] -> uint8 [T, height, width, 3]."""
        if self.changes_nothing:
            return frames_THWC
        right, bottom = self.left + self.width / self.scale, self.top + self.height / self.scale
        box = (max(0.0, self.left), max(0.0, self.top), min(right, self.source_width), min(bottom, self.source_height))
        size = (self.width, self.height)
        resized = [Image.fromarray(frame).resize(size, Image.Resampling.BICUBIC, box=box) for frame in frames_THWC]
        return np.stack([np.asarray(picture) for picture in resized])

    def box(self, box: Box | None) -> Box | None:
        """A box in the target's pixels, cut at its border; None where nothing of it is left."""
        if box is None:
            return None
        x1, x2 = _moved(box[0], box[2], self.left, self.scale)
        y1, y2 = _moved(box[1], box[3], self.top, self.scale)
        if x2 < 0 or y2 < 0 or x1 >= self.width or y1 >= self.height:
            return None
        return max(x1, 0), max(y1, 0), min(x2, self.width - 1), min(y2, self.height - 1)

    def boxes(self, boxes: Boxes) -> Boxes:
        """Every box of one frame, moved: a model whose fields are boxes, None where there is none."""
        return boxes.model_copy(update={name: self.box(box) for name, box in boxes})


def cover(frames_THWC: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Pictures of any size as uint8 [T, height, width, 3]: CoverCrop from their own size."""
    return CoverCrop(frames_THWC.shape[1], frames_THWC.shape[2], height, width).frames(frames_THWC)


def _moved(first: int, last: int, cut: float, scale: float) -> tuple[int, int]:
    """First and last target pixel that pixels first..last touch."""
    rounding = 1e-6
    return floor((first - cut) * scale + rounding), ceil((last + 1 - cut) * scale - rounding) - 1
