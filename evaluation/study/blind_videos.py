"""Videos and pictures of a study under names that say nothing, all written by the one writer of videos.

Copies would carry what their maker left in them (tags, container, codec, bit rate), so every video is written again, in
one size a clip and with the same settings; files have drawn names and one time stamp.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

from evaluation.study.sources import Source
from foundation.geometry import cover
from foundation.pictures import read_image, write_image
from foundation.sound import Sound, read_audio
from foundation.video_frames import Frames
from foundation.video_reading import read_video
from foundation.video_writing import write_video

STAMP = 0  # seconds since 1970, of every file: the time of writing would follow the order of the methods
PICTURE_PIXELS = 640  # the longer side of a reference as it is shown
BLOCKS = 12  # of a damaged video's shorter side
DIGITS = 16


@dataclass(frozen=True)
class VideoJob:
    """One video to write: of which clip and method, and whether it is damaged."""

    source: Source
    method: str
    file: Path
    damaged: bool = False


def names(random: Random) -> Iterator[str]:
    """Names without a meaning, none twice."""
    given: set[str] = set()
    while True:
        name = f"{random.getrandbits(4 * DIGITS):0{DIGITS}x}"
        if name not in given:
            given.add(name)
            yield name


def write_blind(job: VideoJob) -> None:
    """Write one video of the study.

    Raises:
        MediaError: it cannot be read.
    """
    frames, rate = read_video(job.source.videos[job.method])
    frames = cover(frames, job.source.height, job.source.width)
    if job.damaged:
        frames = damaged(frames)
    write_video(job.file, frames, rate, sound=_sound(job))
    os.utime(job.file, (STAMP, STAMP))


def write_reference(picture: Path, file: Path) -> None:
    """A reference picture, no larger than it is shown.

    Raises:
        MediaError: it cannot be read.
    """
    read = read_image(picture)
    scale = min(1.0, PICTURE_PIXELS / max(read.shape[1:3]))
    size = [max(1, round(scale * side)) for side in read.shape[1:3]]
    write_image(file, cover(read, size[0], size[1])[0])
    os.utime(file, (STAMP, STAMP))


def damaged(frames_THWC: Frames) -> Frames:
    """Coarse blocks in dull colours: worse by every criterion, for everybody who looks."""
    height, width = frames_THWC.shape[1:3]
    block = max(2, min(height, width) // BLOCKS)
    small = cover(frames_THWC, max(1, height // block), max(1, width // block))
    large = np.repeat(np.repeat(small, block + 1, axis=1), block + 1, axis=2)
    return cover(np.uint8(96) + large // 4, height, width)


def _sound(job: VideoJob) -> Sound | None:
    if job.source.clip.audio is not None:
        return read_audio(Path(job.source.clip.audio))
    return read_audio(job.source.videos[job.method]) if job.source.has_sound else None
