"""How well annotators' boxes and masks agree with known ones: overlaps, and their shift in time.

Pure numpy: measuring needs no annotator's package. Shape legend: T frames, H W pixels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from data.annotators.contracts import Mask
from data.contracts import FrameBoxes
from foundation.clip_format import Box
from foundation.geometry import box_iou

OFFSETS = range(-12, 13)  # frames: half a second either way


@dataclass(frozen=True)
class Agreement:
    """Over the frames that show the thing: mean overlap, 0 where it was not found, and the share where it was."""

    overlap: float
    found: float
    frames: int


def box_overlap(first: Box | None, second: Box | None) -> float:
    """Intersection over union; no box overlaps nothing."""
    return 0.0 if first is None or second is None else box_iou(first, second)


def mask_overlap(first_HW: Mask, second_HW: Mask) -> float:
    """Intersection over union; 1 where both are empty."""
    either = int((first_HW | second_HW).sum())
    return int((first_HW & second_HW).sum()) / either if either else 1.0


def box_agreement(
    found: Mapping[int, FrameBoxes], known: Mapping[int, FrameBoxes], part: str, offset: int = 0
) -> Agreement:
    """Boxes of one part. A known box of frame f is compared with the found one of frame f + offset."""
    pairs = [
        (getattr(found[frame + offset], part), getattr(boxes, part))
        for frame, boxes in known.items()
        if getattr(boxes, part) is not None and frame + offset in found
    ]
    overlaps = [box_overlap(*pair) for pair in pairs]
    seen = [first is not None for first, _ in pairs]
    return Agreement(_mean(overlaps), _mean(seen), len(pairs))


def best_offset(
    found: Mapping[int, FrameBoxes], known: Mapping[int, FrameBoxes], parts: Sequence[str], offsets: range = OFFSETS
) -> int:
    """By how many frames the known boxes lead the picture: where the overlap is largest.

    A part that hardly moves overlaps at every offset: parts count by how much the offset matters to them.
    """
    curves_PO = np.array([[box_agreement(found, known, part, shift).overlap for shift in offsets] for part in parts])
    weights_P = np.ptp(curves_PO, axis=1)
    return offsets[int((weights_P @ curves_PO).argmax())]


def mask_agreement(found_THW: Mask, known_THW: Mask, offset: int = 0) -> Agreement:
    """Masks of the frames on which the thing is known to be, shifted like the boxes."""
    frames = [
        frame for frame in range(len(known_THW)) if 0 <= frame + offset < len(found_THW) and known_THW[frame].any()
    ]
    overlaps = [mask_overlap(found_THW[frame + offset], known_THW[frame]) for frame in frames]
    return Agreement(_mean(overlaps), _mean([found_THW[frame + offset].any() for frame in frames]), len(frames))


def _mean(values: Sequence[float | bool]) -> float:
    return float(np.mean(values)) if values else 0.0
