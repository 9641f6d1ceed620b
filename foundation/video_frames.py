"""What a video presents: its picture stream, how many frames, their times, their colours. The readers stand on it.

An edit list hides frames that are in the file (a clip trimmed without encoding it again): hidden ones do not count.
Colours follow the file's tags: matrix, range and primaries become sRGB's; HDR is refused, since every tone mapping
would be a guess. A file without tags is read as BT.601 of limited range, FFmpeg's habit.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from av import VideoFrame
from av.stream import Disposition
from av.video.reformatter import ColorPrimaries, ColorTrc, VideoReformatter
from numpy.typing import NDArray

from foundation.media_files import MediaError, check_decodable
from foundation.media_limits import MEGA, MediaLimits

# T frames, H height, W width, C = 3 colours (RGB)
Frames = NDArray[np.uint8]

NOT_STANDARD_RANGE = {
    ColorTrc.SMPTE2084: "PQ (HDR10)",
    ColorTrc.ARIB_STD_B67: "HLG",
    ColorTrc.LINEAR: "linear light",
    ColorTrc.LOG: "log",
    ColorTrc.LOG_SQRT: "log",
    ColorTrc.SMPTE428: "cinema (SMPTE 428)",
}
WIDE = {ColorPrimaries.BT2020, ColorPrimaries.SMPTE431, ColorPrimaries.SMPTE432}
SQUARE = 0.01  # a pixel's width and height differ by less: what encoders write after rounding a size
JITTER_SECONDS = 0.0025  # by which a clip's length may differ: containers that count milliseconds round both ends
RATE_TOLERANCE = 3e-4  # a rate as people type it: 29.97 for 30000/1001, 23.98 for 24000/1001


@dataclass(frozen=True)
class Shown:
    """What a container says of its picture, nothing decoded."""

    frames: int  # that are presented; 0: it does not say
    frames_per_second: float | None  # as stated: over all frames, hidden ones too
    hides_frames: bool
    height: int  # as stored: before it is turned upright and its pixels are made square
    width: int
    pixel_aspect: float  # width of a pixel over its height
    start_seconds: float  # when the first frame is presented

    @property
    def is_square(self) -> bool:
        return self.pixel_aspect == 1


def picture_stream(path: Path, container: Any, limits: MediaLimits) -> tuple[Any, Shown]:
    """The stream of moving pictures, covers left out, and what the container says of it.

    Raises:
        MediaError: there is none, its pictures are too large, or they are HDR.
    """
    moving = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if not moving:
        raise MediaError(path, "not_a_video", "has no picture stream: deliver a video")
    stream = moving[0]
    check_decodable(path, stream)
    _check_size(path, stream.width * stream.height, limits)
    _check_range(path, int(stream.codec_context.color_trc or 0))
    aspect = float(stream.sample_aspect_ratio or 1)
    frames, rate = _presented(container, stream), stream.average_rate
    return stream, Shown(
        frames=frames,
        frames_per_second=float(rate) if rate else None,
        hides_frames=frames < stream.frames,
        height=stream.height,
        width=stream.width,
        pixel_aspect=1.0 if abs(aspect - 1) < SQUARE else aspect,
        start_seconds=float((stream.start_time or 0) * stream.time_base),
    )


def decoded(path: Path, container: Any, stream: Any, limits: MediaLimits) -> Iterator[VideoFrame]:
    """The presented frames in order.

    Raises:
        MediaError: a frame is broken, too large or HDR.
    """
    for frame in container.decode(stream):
        if frame.is_corrupt:
            raise MediaError(path, "damaged", f"has a broken frame at {frame.time or 0:.2f} s: deliver it again")
        _check_size(path, frame.width * frame.height, limits)
        _check_range(path, frame.color_trc)
        yield frame


class ToRgb:
    """Frames as RGB; one object for a whole video: setting one up costs more than converting a small frame."""

    def __init__(self, path: Path, threads: int | None = None) -> None:
        self._path, self._threads, self._reformatter = path, threads, VideoReformatter()

    def picture(self, frame: VideoFrame, kind: str = "rgb24", **size: int) -> Frames:
        """uint8 [H, W, 3] (or [H, W] of kind "gray"), `height` and `width` where they are given.

        Raises:
            MediaError: its colours are of a kind that cannot be converted.
        """
        colours = {}
        if frame.color_primaries in WIDE and kind == "rgb24":
            colours = {"dst_color_primaries": ColorPrimaries.BT709, "dst_color_trc": frame.color_trc}
        try:
            made: Any = self._reformatter.reformat(frame, format=kind, threads=self._threads, **size, **colours)
        except OSError as error:
            fault = f"has colours that cannot be converted (matrix {frame.colorspace}): convert it to BT.709"
            raise MediaError(self._path, "colours", fault) from error
        return made.to_ndarray()


def same_rate(stated: float, wanted: float, frames: int) -> bool:
    """Whether a container's rate is the wanted one: 30000/1001 is 29.97, and a millisecond of jitter is none.

    Args:
        stated: frames a second, as the container or its timestamps say.
        wanted: frames a second, as a person types it.
        frames: that the rate was measured over.
    """
    apart = abs(stated - wanted) / wanted
    return apart <= RATE_TOLERANCE or (apart <= SQUARE and apart * frames / stated <= JITTER_SECONDS)


def _presented(container: Any, stream: Any) -> int:
    """Frames that an edit list hides are in the count that an MP4 states, and marked in its index."""
    if stream.frames and container.format.name.startswith("mov"):
        return sum(not entry.is_discard for entry in stream.index_entries)
    return stream.frames


def _check_size(path: Path, pixels: int, limits: MediaLimits) -> None:
    if pixels > limits.video_megapixels * MEGA:
        size = f"{pixels / MEGA:.1f} megapixels a frame, the limit is {limits.video_megapixels:g}"
        raise MediaError(
            path, "too_large", f"is too large ({size}): make it smaller, or raise limits.video_megapixels of the batch"
        )


def _check_range(path: Path, transfer: int) -> None:
    if transfer in NOT_STANDARD_RANGE:
        kind = NOT_STANDARD_RANGE[ColorTrc(transfer)]
        raise MediaError(path, "hdr", f"is {kind}: convert it to standard range (BT.709) first")
