"""One video with its references, as backends see it: read when asked for, in the child process.

Shape legend: T frames, H W pixels, S audio samples.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from foundation.media_files import MediaError
from foundation.pictures import read_image
from foundation.sound import Sound, read_audio
from foundation.video_reading import read_video

Frames = NDArray[np.uint8]  # [T,H,W,3] RGB, or one picture [H,W,3]


class VideoClip(BaseModel, frozen=True, extra="forbid"):
    """Files that belong together; None: not given. Paths are absolute."""

    clip_id: str
    video: str
    person: str | None = None
    product: str | None = None
    audio: str | None = None  # None: the video's own sound
    prompt: str = ""

    def files(self) -> dict[str, str]:
        """Field -> file, of those that are given."""
        named = {"video": self.video, "person": self.person, "product": self.product, "audio": self.audio}
        return {field: file for field, file in named.items() if file is not None}


@dataclass(frozen=True)
class Video:
    """The clip, decoded."""

    clip: VideoClip

    @cached_property
    def _decoded(self) -> tuple[Frames, float]:
        return read_video(Path(self.clip.video))

    @property
    def frames(self) -> Frames:
        return self._decoded[0]

    @property
    def frames_per_second(self) -> float:
        return self._decoded[1]

    @cached_property
    def person(self) -> Frames:
        return _picture(self.clip.person, "person")

    @cached_property
    def product(self) -> Frames:
        return _picture(self.clip.product, "product")

    @cached_property
    def sound(self) -> Sound:
        """The sound that was given, else the video's own, of the video's length at most.

        Raises:
            ValueError: there is none.
        """
        try:
            return read_audio(Path(self.clip.audio or self.clip.video))
        except MediaError as error:
            if error.reason == "no_sound":
                raise ValueError(f"has no sound: give a video with sound, or `audio` ({error.fault})") from error
            raise


def _picture(file: str | None, field: str) -> Frames:
    if file is None:
        raise ValueError(f"has no {field} picture: give the column `{field}`")
    return read_image(Path(file))[0]
