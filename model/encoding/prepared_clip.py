# ruff: noqa: N802 tensor names carry their shape in capitals
"""The media of one prepared clip as tensors in -1..1, checked against the clip's record on the way in.

Shape legend: C = 3 colours, T frames, H W pixels, M motion frames.
"""

from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from data.contracts import ClipRecord
from foundation.clip_format import ClipFormat
from foundation.pictures import read_image
from foundation.sound import read_audio
from foundation.video_reading import read_video
from model.conditioning.pixels import to_pixels


class PreparedClip:
    """One clip's media, each read when it is first asked for: who encodes its text reads no video.

    Every property raises ValueError where its file is missing, unreadable, or not of the clip format (names clip, field
    and fix). None: the clip has no such input.
    """

    def __init__(self, folder: Path, record: ClipRecord, clip: ClipFormat) -> None:
        """`folder`: datasets/prepared/<batch>; `record`: a line of its manifest; `clip`: what every clip is like."""
        self.folder, self.record, self.clip = folder, record, clip

    @cached_property
    def rgb_1CTHW(self) -> Tensor:
        """The clip."""
        return self._video("video", self.clip.frames)

    @cached_property
    def hoi_1CTHW(self) -> Tensor:
        """The structure video."""
        return self._video("hoi_video", self.clip.frames)

    @cached_property
    def motion_1CMHW(self) -> Tensor | None:
        """The frames just before the clip."""
        return self._video("motion_video", self.clip.motion_frames) if self.record.motion_video else None

    @cached_property
    def pose_1CTHW(self) -> Tensor | None:
        """The pose video."""
        return self._video("pose_video", self.clip.frames) if self.record.pose_video else None

    @cached_property
    def person_1C1HW(self) -> Tensor:
        """The person reference."""
        return self._image("person_image")

    @cached_property
    def product_1C1HW(self) -> Tensor | None:
        """The product reference."""
        return self._image("product_image") if self.record.product_image else None

    @cached_property
    def samples_S(self) -> NDArray[np.float32]:
        """The sound, S samples."""
        clip, (samples_S, samples_per_second) = self.clip, read_audio(self.folder / self.record.audio)
        expected = round(clip.frames * clip.audio_samples_per_second / clip.frames_per_second)
        self._check("audio", (len(samples_S), samples_per_second), (expected, clip.audio_samples_per_second))
        return samples_S

    def _video(self, field: str, frames: int) -> Tensor:
        frames_THWC, _ = read_video(self.folder / getattr(self.record, field))
        self._check(field, frames_THWC.shape[:3], (frames, self.clip.height, self.clip.width))
        return to_pixels(frames_THWC)

    def _image(self, field: str) -> Tensor:
        pixels_1HWC = read_image(self.folder / getattr(self.record, field))
        self._check(field, pixels_1HWC.shape[:3], (1, self.clip.height, self.clip.width))
        return to_pixels(pixels_1HWC)

    def _check(self, field: str, shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
        if tuple(shape) != expected:
            raise ValueError(
                f"clip {self.record.clip_id} | field {field} | is {shape}, expected {expected} | "
                "fix: prepare the batch again"
            )
