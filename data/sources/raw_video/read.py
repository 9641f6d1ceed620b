"""Reading long footage as it comes: by timestamps, upright, in square pixels and 8 bits, its sound in step.

Cameras write variable frame rates, rotation as metadata, 10-bit colour and pixels that are not square. What cannot be
brought into one form without a guess (HDR, timestamps that run backwards, a file cut short) is refused by name.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.error import FFmpegError
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from foundation.video_io import is_no_video

# T frames, H height, W width, C = 3 colours (RGB), S samples
Picture = NDArray[np.uint8]
Samples = NDArray[np.float32]

SOUND_RATE = 16_000
HDR = {16: "PQ (HDR10)", 18: "HLG"}  # transfer characteristics that need tone mapping
GAP_SECONDS = 0.03  # between sound packets, from which it is silence or an overlap and not rounding


class FootageError(ValueError):
    """A file that cannot be used; `reason` is its word in rejected.jsonl."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Timed:
    """A decoded picture and when it appears, in seconds from the first one."""

    seconds: float
    frame: av.VideoFrame
    pixel_aspect: float  # width of a pixel over its height


@dataclass(frozen=True)
class Footage:
    """One file, and the rate its frames really have where its container states another."""

    path: Path
    frames_per_second: float | None = None

    def frames(self, since_seconds: float = 0.0) -> Iterator[Timed]:
        """Its pictures in order, the first of them at `since_seconds` or before.

        Raises:
            FootageError: the file cannot be read to its end, or its timestamps run backwards.
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
        with _opened(self.path) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            slower = float(stream.average_rate or 0) / self.frames_per_second if self.frames_per_second else 1.0
            first, aspect = stream.start_time or 0, float(stream.sample_aspect_ratio or 1)
            if since_seconds > 0:
                container.seek(first + int(since_seconds / slower / stream.time_base), stream=stream)
            last = float("-inf")
            for frame in container.decode(stream):
                stamp = frame.pts if frame.pts is not None else frame.dts
                if stamp is None:
                    raise FootageError("damaged", "a frame without a timestamp: write the file again")
                seconds = float((stamp - first) * stream.time_base) * slower
                if seconds <= last:
                    raise FootageError("damaged", f"timestamps run backwards at {seconds:.2f} s: write the file again")
                if frame.is_corrupt:
                    raise FootageError("damaged", f"a broken frame at {seconds:.2f} s: deliver it again")
                last = seconds
                yield Timed(seconds, frame, aspect)

    def resampled(self, rate: float, first: int, count: int, short_side: int) -> Iterator[Picture]:
        """Frames first .. first + count - 1 of the video at a steady rate: what is on screen in the middle of each.

        Raises:
            FootageError: the file ends before.
        """
        upright = Upright(short_side)
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
                raise FootageError("damaged", "no frame could be read again: write the file again")
            yield upright.picture(shown)  # the last picture stays on screen

    def declared(self) -> tuple[int, float]:
        """Frames (0: not stated) and seconds that the container declares.

        Raises:
            FootageError: it is no video, or an HDR one.
        """
        with _opened(self.path) as container:
            stream = container.streams.video[0]
            if (kind := HDR.get(int(stream.codec_context.color_trc or 0))) is not None:
                raise FootageError("hdr", f"{kind}: convert it to standard range (BT.709) first")
            return stream.frames, float(stream.duration * stream.time_base) if stream.duration else 0.0

    def sound(self, file: Path | None = None) -> Samples:
        """Mono 16 kHz, sample 0 at the first picture; `file`: the sound was recorded into a file of its own.

        Raises:
            FootageError: there is none, or it cannot be read.
        """
        with _opened(self.path) as container:
            stream = container.streams.video[0]
            zero = 0.0 if file else float((stream.start_time or 0) * stream.time_base)
        try:
            with av.open(str(file or self.path)) as container:
                if not container.streams.audio:
                    raise FootageError("no_sound", "no sound stream: deliver the file with its sound")
                return _sound(container, zero)
        except (FFmpegError, OSError) as error:
            message = f"its sound cannot be read ({error.strerror or error}): deliver it again"
            raise FootageError("damaged", message) from error


class Upright:
    """Pictures as a person would see them: rotated as the file asks, square pixels, RGB, no larger than asked."""

    def __init__(self, short_side: int) -> None:
        self.short_side, self.to_rgb = short_side, VideoReformatter()

    def picture(self, timed: Timed, kind: str = "rgb24") -> Picture:
        """uint8 [H, W, 3] (or [H, W] of kind "gray"), both sizes even."""
        frame = timed.frame
        height, width = float(frame.height), frame.width * timed.pixel_aspect
        scale = min(1.0, self.short_side / min(height, width))
        size = {"width": _even(width * scale), "height": _even(height * scale)}
        picture: Any = self.to_rgb.reformat(frame, format=kind, **size).to_ndarray()
        turned = np.rot90(picture, round((frame.rotation or 0) / 90) % 4)  # counterclockwise, as FFmpeg counts
        return np.ascontiguousarray(turned)


@contextmanager
def _opened(path: Path) -> Generator[Any]:
    try:
        with av.open(str(path)) as container:
            if is_no_video(container):
                raise FootageError("not_a_video", "no video")
            yield container
    except (FFmpegError, OSError) as error:
        raise FootageError("unreadable", f"cannot be read ({error.strerror or error}): deliver it again") from error


def _sound(container: Any, zero_seconds: float) -> Samples:
    """Every packet at its timestamp: gaps are silence, what comes before the first picture is cut off."""
    stream = container.streams.audio[0]
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SOUND_RATE)
    chunks: list[Samples] = []
    at, expected = 0, None  # samples written; seconds at which the next packet should start
    for frame in container.decode(stream):
        starts = frame.time if frame.time is not None else expected or zero_seconds
        if expected is None or abs(starts - expected) > GAP_SECONDS:
            drained = [piece.to_ndarray()[0] for piece in resampler.resample(None)] if expected is not None else []
            resampler = av.AudioResampler(format="flt", layout="mono", rate=SOUND_RATE)
            at = _add(chunks, drained, at)
            at = _move(chunks, at, round((starts - zero_seconds) * SOUND_RATE))
        expected = starts + frame.samples / frame.sample_rate
        at = _add(chunks, [piece.to_ndarray()[0] for piece in resampler.resample(frame)], at)
    _add(chunks, [piece.to_ndarray()[0] for piece in resampler.resample(None)], at)
    if not chunks:
        raise FootageError("no_sound", "its sound stream is empty: deliver the file with its sound")
    return np.concatenate(chunks)


def _add(chunks: list[Samples], new: list[Samples], at: int) -> int:
    """Append what lies at or after sample 0; gives the position behind it."""
    for samples_S in new:
        chunks.append(samples_S[max(0, -at) :])
        at += len(samples_S)
    return at


def _move(chunks: list[Samples], at: int, to: int) -> int:
    """Go on at another sample: silence in between, or what was written twice taken back."""
    if to > max(at, 0):
        chunks.append(np.zeros(to - max(at, 0), np.float32))
    elif to < at and chunks:
        kept = np.concatenate(chunks)[: max(to, 0)]
        chunks[:] = [kept]
    return to


def _even(size: float) -> int:
    return max(2, 2 * round(size / 2))
