"""Reading long recordings as they come: by timestamps, upright, in square pixels and 8 bits, their sound in step.

Cameras write variable frame rates, rotation as metadata, 10-bit colour and pixels that are not square. What cannot be
brought into one form without a guess (HDR, timestamps that run backwards, a file cut short) is refused by name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from av import VideoFrame

from foundation.media_files import MediaError, check_seconds, open_media
from foundation.media_limits import LIMITS, MediaLimits
from foundation.sound import Samples, read_audio
from foundation.video_frames import Frames, Shown, ToRgb, decoded, picture_stream

SOUND_RATE = 16_000


@dataclass(frozen=True)
class Timed:
    """A decoded picture and when it appears, in seconds from the first one."""

    seconds: float
    frame: VideoFrame
    pixel_aspect: float  # width of a pixel over its height


@dataclass(frozen=True)
class Footage:
    """One file, and the rate its frames really have where its container states another."""

    path: Path
    frames_per_second: float | None = None
    limits: MediaLimits = LIMITS

    def frames(self, since_seconds: float = 0.0) -> Iterator[Timed]:
        """Its pictures in order, the first of them at `since_seconds` or before.

        Raises:
            MediaError: the file cannot be read to its end, or its timestamps run backwards.
        """
        behind = False
        for number, timed in enumerate(self._decoded(since_seconds)):
            if number == 0 and timed.seconds > since_seconds > 0:
                behind = True  # an index that leads too far
                break
            yield timed
        if behind:
            yield from self._decoded(0.0)

    def _decoded(self, since_seconds: float) -> Iterator[Timed]:
        with open_media(self.path, self.limits) as container:
            stream, shown = picture_stream(self.path, container, self.limits)
            stream.thread_type = "AUTO"
            stated = float(stream.average_rate or 0)
            slower = stated / self.frames_per_second if self.frames_per_second else 1.0
            first = stream.start_time or 0
            if since_seconds > 0:
                container.seek(first + int(since_seconds / slower / stream.time_base), stream=stream)
            last = float("-inf")
            for frame in decoded(self.path, container, stream, self.limits):
                stamp = frame.pts if frame.pts is not None else frame.dts
                if stamp is None:
                    raise self._damaged("has a frame without a timestamp: write the file again")
                seconds = float((stamp - first) * stream.time_base) * slower
                check_seconds(self.path, seconds, self.limits)
                if seconds <= last:
                    raise self._damaged(f"has timestamps that run backwards at {seconds:.2f} s: write the file again")
                last = seconds
                yield Timed(seconds, frame, shown.pixel_aspect)

    def resampled(self, rate: float, first: int, count: int, short_side: int) -> Iterator[Frames]:
        """Frames first .. first + count - 1 of the video at a steady rate: what is on screen in the middle of each.

        Raises:
            MediaError: the file ends before.
        """
        upright = Upright(short_side, self.path)
        wanted, shown = first, None
        for timed in self.frames(since_seconds=max(0.0, (first - 1) / rate)):
            while shown is not None and wanted < first + count and timed.seconds > (wanted + 0.5) / rate:
                yield upright.picture(shown)
                wanted += 1
            if wanted == first + count:
                return
            shown = timed
        for _ in range(wanted, first + count):
            if shown is None:
                raise self._damaged("gives no frame when it is read again: write the file again")
            yield upright.picture(shown)  # the last picture stays on screen

    def shown(self) -> Shown:
        """What its container says of its picture.

        Raises:
            MediaError: it is no video, an HDR one, or its pictures are too large.
        """
        with open_media(self.path, self.limits) as container:
            return picture_stream(self.path, container, self.limits)[1]

    def sound(self, file: Path | None = None) -> Samples:
        """Mono 16 kHz, sample 0 at the first picture; `file`: the sound was recorded into a file of its own.

        Raises:
            MediaError: there is none, or it cannot be read.
        """
        return read_audio(file or self.path, SOUND_RATE, self.limits)[0]

    def _damaged(self, fault: str) -> MediaError:
        return MediaError(self.path, "damaged", fault)


class Upright:
    """Pictures as a person would see them: rotated as the file asks, square pixels, RGB, no larger than asked."""

    def __init__(self, short_side: int, path: Path) -> None:
        """`path` is named where a picture's colours cannot be converted."""
        self.short_side, self.to_rgb = short_side, ToRgb(path)

    def picture(self, timed: Timed, kind: str = "rgb24") -> Frames:
        """uint8 [H, W, 3] (or [H, W] of kind "gray"), both sizes even."""
        frame = timed.frame
        height, width = float(frame.height), frame.width * timed.pixel_aspect
        scale = min(1.0, self.short_side / min(height, width))
        picture = self.to_rgb.picture(frame, kind, width=_even(width * scale), height=_even(height * scale))
        turned = np.rot90(picture, round((frame.rotation or 0) / 90) % 4)  # counterclockwise, as FFmpeg counts
        return np.ascontiguousarray(turned)


def _even(size: float) -> int:
    return max(2, 2 * round(size / 2))
