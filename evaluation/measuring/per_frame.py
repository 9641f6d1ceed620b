"""From a value a frame to a clip's value."""

import math
from collections.abc import Callable, Sequence

from evaluation.measuring.clip import Frames, MeasuredClip
from evaluation.measuring.kinds import Measure

PerFrame = Callable[[MeasuredClip, Frames], Sequence[float]]
"""One clip, frames uint8 [T,H,W,3] of one role -> a value a generated frame; NaN: this frame has none."""


def remembered(name: str, per_frame: PerFrame) -> PerFrame:
    """The same, worked out once for a video where several metrics are made of it."""
    return lambda clip, frames: clip.once(name, frames, lambda frames: per_frame(clip, frames))


def share_of_frames(per_frame: PerFrame, above: float) -> PerFrame:
    """1 in the frames whose value is above a limit, else 0; the clip's value is their share, of those that have one."""
    return lambda clip, frames: [float(x > above) if math.isfinite(x) else x for x in per_frame(clip, frames)]


def worst_of_frames(per_frame: PerFrame) -> Measure:
    """The clip's value is the greatest of its frames'."""
    return lambda clip, frames: max(filter(math.isfinite, per_frame(clip, frames)), default=math.nan)


def mean(values: Sequence[float | None]) -> float:
    """Mean of the finite values; NaN where there are none."""
    finite = [value for value in values if value is not None and math.isfinite(value)]
    return math.fsum(finite) / len(finite) if finite else math.nan
