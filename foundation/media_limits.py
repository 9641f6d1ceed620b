"""How large media may be before they are refused, nothing decoded: a few kilobytes can ask for all memory there is.

Part of the configuration, so it imports nothing heavy.
"""

from typing import Annotated

from pydantic import BaseModel, Field

GIGA, MEGA = 10**9, 10**6
Limit = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class MediaLimits(BaseModel, frozen=True, extra="forbid"):
    """What is refused before it is decoded."""

    file_gigabytes: Limit = 100.0  # of any file
    picture_megapixels: Annotated[Limit, Field(le=178)] = 80.0  # of a picture; 178 is Pillow's own limit
    video_megapixels: Limit = 9.0  # of one frame of a video; 4096x2160 is 8.8
    clip_gigabytes: Limit = 8.0  # of a whole clip's frames in memory
    recording_hours: Limit = 12.0  # of a video or a sound


LIMITS = MediaLimits()
