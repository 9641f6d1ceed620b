"""Reading clips: frames that are counted, not timed, from here on; so they must be evenly spaced, upright and square.

A clip's boxes, structure video and sound belong to its frames one by one. What would have to be changed first (turned,
stretched, taken at other moments) is refused by name: whoever delivers it must see that the rest still fits. Long
recordings, which nothing belongs to yet, are corrected instead: foundation.footage. Both read through
foundation.video_frames. YUV becomes RGB on one thread: clips are spread over processes.
"""

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from foundation.geometry import cover
from foundation.media_files import MediaError, open_media
from foundation.media_limits import GIGA, LIMITS, MediaLimits
from foundation.video_frames import Frames, Shown, ToRgb, decoded, picture_stream

OFF_BEAT = 0.5  # of a frame's time: further from its place in a steady rate, a frame would be counted as another


def read_video(
    path: Path, limit: int | None = None, size: tuple[int, int] | None = None, limits: MediaLimits = LIMITS
) -> tuple[Frames, float]:
    """The presented frames as RGB, and their rate.

    Args:
        path: a video of a kind in foundation.media_files.
        limit: read the first frames only, so many; None: all.
        size: height and width that every frame is resized to cover; None: its own.
        limits: what is refused before it is decoded.

    Returns:
        frames_THWC uint8, frames_per_second.

    Raises:
        MediaError: the file is missing, unreadable, too large, has no frame, no steady rate, a broken frame, fewer
            frames than it declares, HDR colours, pixels that are not square, or a rotation that players apply.
    """
    frames: list[Frames] = []
    seconds: list[float | None] = []
    with open_media(path, limits) as container:
        stream, shown = picture_stream(path, container, limits)
        _check_square(path, shown)
        most = _most_frames(limits, size or (shown.height, shown.width))
        _check_count(path, shown.frames if limit is None else min(limit, shown.frames), most)
        to_rgb = ToRgb(path, threads=1)
        for frame in islice(decoded(path, container, stream, limits), limit):
            _check_upright(path, frame)
            _check_count(path, len(frames) + 1, most)
            seconds.append(frame.time)
            picture_1HWC = to_rgb.picture(frame)[None]
            frames.append(picture_1HWC if size is None else cover(picture_1HWC, *size))
    if not frames:
        raise MediaError(path, "empty", "is empty (no frame): deliver it again")
    if len(frames) < (shown.frames if limit is None else min(limit, shown.frames)):
        raise MediaError(path, "damaged", f"is cut short ({len(frames)} of {shown.frames} frames): deliver it again")
    if len({picture.shape for picture in frames}) > 1:
        raise MediaError(path, "damaged", "changes its picture's size: write it again in one size")
    return np.concatenate(frames).astype(np.uint8, copy=False), _steady_rate(path, seconds, shown)


def probe_video(path: Path, limits: MediaLimits = LIMITS) -> tuple[int, float, int, int]:
    """Frames that are presented, frames per second, height and width as the container tells them, nothing decoded.

    Raises:
        MediaError: the file is missing, unreadable, too large, or has no picture or no frame rate.
    """
    with open_media(path, limits) as container:
        stream, shown = picture_stream(path, container, limits)
        frames, rate = shown.frames, shown.frames_per_second
        if not frames or shown.hides_frames:
            packets = [packet for packet in container.demux(stream) if packet.size > 0 and not packet.is_discard]
            frames = len(packets)
            if shown.hides_frames:
                rate = _measured_rate(sorted(float(packet.pts * packet.time_base) for packet in packets)) or rate
    if rate is None:
        raise MediaError(path, "no_rate", "has no frame rate: write it again")
    return frames, rate, shown.height, shown.width


def _steady_rate(path: Path, seconds: list[float | None], shown: Shown) -> float:
    """The stated rate where the frames' times agree with it, else the one they have, which must be steady."""
    known = np.array([at for at in seconds if at is not None], np.float64)
    stated = shown.frames_per_second
    if len(known) < len(seconds) or len(known) < 2:
        if stated is None:
            raise MediaError(path, "no_rate", "has no frame rate: write it again")
        return stated
    measured = _measured_rate(known)
    for rate in (stated, measured):
        if rate and _furthest(known, rate)[1] * rate <= OFF_BEAT:
            return rate
    frame, apart = _furthest(known, stated or measured or 1.0)
    raise MediaError(
        path,
        "variable_rate",
        f"has a variable frame rate (frame {frame} is {apart:.3f} s off {stated or measured:g} frames a second): "
        "convert it to a steady one",
    )


def _measured_rate(seconds: Any) -> float:
    """Of frames in order; 0 where they take no time."""
    return (len(seconds) - 1) / (seconds[-1] - seconds[0]) if len(seconds) > 1 and seconds[-1] > seconds[0] else 0.0


def _furthest(seconds_T: Any, rate: float) -> tuple[int, float]:
    off_T = np.abs(seconds_T - seconds_T[0] - np.arange(len(seconds_T)) / rate)
    return int(off_T.argmax()), float(off_T.max())


def _most_frames(limits: MediaLimits, size: tuple[int, int]) -> int:
    return int(limits.clip_gigabytes * GIGA / (3 * size[0] * size[1]))


def _check_count(path: Path, frames: int, most: int) -> None:
    if frames > most:
        fault = f"is too long to be held in memory ({frames} frames or more, room for {most})"
        raise MediaError(path, "too_large", f"{fault}: cut it, or raise limits.clip_gigabytes of the batch")


def _check_square(path: Path, shown: Shown) -> None:
    if not shown.is_square:
        raise MediaError(
            path,
            "not_square",
            f"has pixels that are not square ({shown.pixel_aspect:.3f} times as wide as high): write it with square "
            "pixels, and see that the boxes belong to that picture",
        )


def _check_upright(path: Path, frame: Any) -> None:
    if frame.rotation:
        raise MediaError(
            path,
            "turned",
            f"is stored turned by {frame.rotation} degrees: write it upright, and see that the boxes belong to the "
            "upright picture",
        )
