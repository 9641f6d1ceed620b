"""What a clip is in every room: its format, and a box in one of its pictures. Pure pydantic."""

from pydantic import BaseModel, Field, field_validator

Box = tuple[int, int, int, int]
"""x1, y1, x2, y2 in pixels of the picture the box belongs to; x2 and y2 inclusive."""


class ClipFormat(BaseModel, frozen=True, extra="forbid"):
    """The one format that every prepared clip has, and every clip of a model that was trained on them.

    Paper: 81 frames, 25 fps (CoInteract, arXiv 2604.19636).
    """

    frames: int = Field(ge=5)  # 4k + 1: the causal video codec takes one frame, then groups of four
    frames_per_second: int = Field(ge=1)
    height: int = Field(ge=16, multiple_of=16)  # 8 (codec stride) x 2 (patch)
    width: int = Field(ge=16, multiple_of=16)
    motion_frames: int = Field(ge=0)  # the frames just before the clip; 0: no motion context
    audio_samples_per_second: int = 16_000
    lossless: bool = True  # prepared videos keep every pixel; false: H.264 at crf 18, a tenth of the size

    @field_validator("frames", "motion_frames")
    @classmethod
    def _one_and_groups_of_four(cls, frames: int) -> int:
        if frames and frames % 4 != 1:
            raise ValueError(f"{frames} is not 4k + 1 (5, 9, ... 33, ... 73, 81), which the video codec needs")
        return frames
