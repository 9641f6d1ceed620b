"""The one door to media files: a regular file, of a kind from a list, within limits; only then does FFmpeg see it.

FFmpeg guesses what a file is by its bytes and its name, and follows what it finds there: a text that is called clip.mp4
may be a playlist that names any file of the machine or an address. So it is given the kinds of file that cameras,
recorders and editors write, and the file system as its only protocol; lists of other files are not among them.
"""

import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
from av.error import ArgumentError, FFmpegError

from foundation.media_limits import GIGA, LIMITS, MediaLimits

CONTAINERS = {  # as people call it -> FFmpeg's names
    "mp4 or mov": "mov",
    "mkv or webm": "matroska",
    "avi": "avi",
    "mpeg": "mpegts,mpeg",
    "ogg": "ogg",
    "wav": "wav,w64",
    "aiff": "aiff",
    "flac": "flac",
    "mp3": "mp3",
    "aac": "aac",
}
ONLY = {"format_whitelist": ",".join(CONTAINERS.values()), "protocol_whitelist": "file"}
KNOWN = ", ".join(CONTAINERS)


class MediaError(ValueError):
    """A file that cannot be used. `reason`: a word for tables; `fault`: what is wrong and the fix, without the path."""

    def __init__(self, path: Path, reason: str, fault: str) -> None:
        super().__init__(f"{path} {fault}")
        self.path, self.reason, self.fault = path, reason, fault

    def __reduce__(self) -> tuple[type["MediaError"], tuple[Path, str, str]]:
        return MediaError, (self.path, self.reason, self.fault)  # crosses a process pool whole


def check_file(path: Path, limits: MediaLimits = LIMITS) -> None:
    """Refuse what is no regular file of a reasonable size, nothing opened: reading a pipe could wait for ever.

    Raises:
        MediaError: it is missing, something else than a file, empty, or too large.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise MediaError(path, "unreadable", f"cannot be read ({error.strerror}): deliver it again") from error
    if not stat.S_ISREG(status.st_mode):
        raise MediaError(path, "no_file", "cannot be read: it is no regular file: put the file itself there")
    if status.st_size == 0:
        raise MediaError(path, "unreadable", "cannot be read: it is empty: deliver it again")
    if status.st_size > limits.file_gigabytes * GIGA:
        size = f"{status.st_size / GIGA:.1f} GB, the limit is {limits.file_gigabytes:g} GB"
        fault = f"is too large ({size}): cut it, or raise limits.file_gigabytes of the batch"
        raise MediaError(path, "too_large", fault)


@contextmanager
def open_media(path: Path, limits: MediaLimits = LIMITS) -> Generator[Any]:
    """FFmpeg's container of a video or sound, closed at the end; faults of reading inside the block are named too.

    Raises:
        MediaError: `check_file` refuses it, it is of no kind on the list, it cannot be read, or it lasts too long.
    """
    check_file(path, limits)
    try:
        with av.open(f"file:{path.absolute()}", options=ONLY, metadata_errors="replace") as container:
            _check_length(path, container.duration, limits)
            yield container
    except ArgumentError as error:
        fault = f"cannot be read: it is none of the kinds of file that are read ({KNOWN}): convert it"
        raise MediaError(path, "not_a_video", fault) from error
    except (FFmpegError, OSError) as error:
        fault = f"cannot be read ({error.strerror or error}): deliver it again"
        raise MediaError(path, "unreadable", fault) from error


def check_decodable(path: Path, stream: Any) -> None:
    """Refuse a stream that FFmpeg knows no decoder for.

    Raises:
        MediaError: it is one.
    """
    if stream.codec_context is None:
        fault = f"cannot be read: its {stream.type} stream is of a kind that nothing decodes: convert it"
        raise MediaError(path, "unreadable", fault)


def check_seconds(path: Path, seconds: float, limits: MediaLimits) -> None:
    """Refuse a moment that lies further from the beginning than any recording lasts.

    Raises:
        MediaError: it does.
    """
    if seconds > limits.recording_hours * 3600:
        length = f"{seconds / 3600:.1f} hours, the limit is {limits.recording_hours:g}"
        fault = f"is too long ({length}): cut it, or raise limits.recording_hours of the batch"
        raise MediaError(path, "too_long", fault)


def _check_length(path: Path, microseconds: int | None, limits: MediaLimits) -> None:
    check_seconds(path, (microseconds or 0) / 1e6, limits)
