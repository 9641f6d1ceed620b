"""What a clip is in every room: its format, and a box in one of its pictures. Pure pydantic."""

from typing import Annotated

from pydantic import BaseModel, field_validator

from foundation.bounds import whole

SPACE_STRIDE = 8  # pixels a latent, both ways, of every latent codec
ENCODED_SAMPLES_PER_SECOND = 16_000  # of sound, as every audio encoder takes it
Box = tuple[int, int, int, int]
"""x1, y1, x2, y2 in pixels of the picture the box belongs to; x2 and y2 inclusive."""


class ClipFormat(BaseModel, frozen=True, extra="forbid"):
    """The one format that every prepared clip has, and every clip of a model that was trained on them.

    Paper: 81 frames, 25 fps (CoInteract, arXiv 2604.19636).
    """

    frames: Annotated[int, whole(5, 10_001)]  # 4k + 1: the causal video codec takes one frame, then groups of four
    frames_per_second: Annotated[int, whole(1, 240)]
    height: Annotated[int, whole(16, 8_192, multiple_of=16)]  # 8 (codec stride) x 2 (patch)
    width: Annotated[int, whole(16, 8_192, multiple_of=16)]
    motion_frames: Annotated[int, whole(0, 10_001)]  # the frames just before the clip; 0: no motion context
    audio_samples_per_second: Annotated[int, whole(8_000, 192_000)] = 16_000
    lossless: bool = True  # prepared videos keep every pixel; false: H.264 at crf 18, a tenth of the size

    @field_validator("frames", "motion_frames")
    @classmethod
    def _one_and_groups_of_four(cls, frames: int) -> int:
        if frames and frames % 4 != 1:
            raise ValueError(f"{frames} is not 4k + 1 (5, 9, ... 33, ... 73, 81), which the video codec needs")
        return frames
