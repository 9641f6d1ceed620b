"""Reading and writing sound as one channel, every sample at its time.

Sound need not begin with the picture, nor be whole: it is placed by its timestamps. Sample 0 belongs to the first
presented picture; in a file without pictures to the beginning of its timeline. Gaps are silence.
"""

import wave
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.stream import Disposition
from numpy.typing import NDArray

from foundation.media_files import MediaError, check_decodable, check_seconds, open_media
from foundation.media_limits import LIMITS, MediaLimits

# S samples
Samples = NDArray[np.float32]
Sound = tuple[Samples, int]
"""samples_S float32 in -1..1, one channel; samples per second."""

MOST_CHANNELS = 8  # 7.1; how more are to be mixed, nothing in most files says
GAP_SECONDS = 0.03  # between packets, from which it is silence or an overlap and not rounding
TIMELINES = ("mov", "matroska")  # kinds of file in which a sound alone can begin late; others start when they start


def read_audio(path: Path, samples_per_second: int | None = None, limits: MediaLimits = LIMITS) -> Sound:
    """The sound of a file, or of a video that has some, as one channel.

    Args:
        path: of a kind in foundation.media_files.
        samples_per_second: FFmpeg resamples and mixes to it; None: as recorded, its channels averaged.
        limits: what is refused before it is decoded.

    Returns:
        samples_S float32 in -1..1, samples per second; sample 0 at the first presented picture.

    Raises:
        MediaError: the file is missing, unreadable, too long, or has no sound or too many channels of it.
    """
    with open_media(path, limits) as container:
        if not container.streams.audio:
            raise MediaError(path, "no_sound", "has no sound stream: deliver it with its sound")
        stream = container.streams.audio[0]
        check_decodable(path, stream)
        if stream.channels > MOST_CHANNELS:
            fault = f"has {stream.channels} channels of sound, at most {MOST_CHANNELS} are read: mix it to one or two"
            raise MediaError(path, "channels", fault)
        track = _Track(path, int(samples_per_second or stream.rate), samples_per_second is not None, limits)
        frames = container.decode(stream)
        first = next(frames, None)
        samples_S = track.place(chain([first], frames), _zero_seconds(container, first)) if first else track.samples()
    if not samples_S.size:
        raise MediaError(path, "no_sound", "is empty: it has no sound at or after its first picture: deliver it again")
    return samples_S, track.rate


def resampled(sound: Sound, samples_per_second: int) -> Samples:
    """The same sound at another rate, as `read_audio` reads a file that holds it."""
    resampler = _resampler(samples_per_second, mix=True)
    pieces = [piece for frame in (sound_frame(sound), None) for piece in _pieces(resampler, frame)]
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)


def sound_frame(sound: Sound) -> av.AudioFrame:
    """A whole sound as one frame for FFmpeg."""
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound[0][None], np.float32), format="fltp", layout="mono")
    frame.sample_rate = sound[1]
    return frame


def is_plain_wav(path: Path, samples_per_second: int) -> bool:
    """Whether a file is what `write_audio` writes: 16-bit PCM WAV of one channel at this rate."""
    try:
        with wave.open(str(path), "rb") as file:
            return (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, samples_per_second)
    except (wave.Error, EOFError):
        return False


def write_audio(path: Path, samples_S: Samples, samples_per_second: int = 16_000) -> None:
    """Write mono sound as 16-bit PCM WAV; samples beyond -1..1 are clipped.

    Raises:
        ValueError: not one channel, or no sample.
    """
    if samples_S.ndim != 1 or samples_S.size == 0:
        raise ValueError(f"audio {path}: expected samples [S>0], got {samples_S.shape}")
    pcm_S = np.round(np.clip(samples_S, -1.0, 1.0) * 32767.0).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(samples_per_second)
        file.writeframes(pcm_S.tobytes())


class _Track:
    """Samples as they are put at their places; `at` is the place behind the last one."""

    def __init__(self, path: Path, rate: int, mix: bool, limits: MediaLimits) -> None:
        self.path, self.rate, self.mix, self.limits = path, rate, mix, limits
        self.at, self._chunks = 0, list[Samples]()

    def place(self, frames: Iterable[av.AudioFrame], zero_seconds: float) -> Samples:
        """Every frame at its timestamp: gaps are silence, what comes before `zero_seconds` is cut off."""
        resampler = _resampler(self.rate, self.mix)
        expected: float | None = None  # seconds at which the next frame should start
        for frame in frames:
            starts = frame.time if frame.time is not None else expected if expected is not None else zero_seconds
            check_seconds(self.path, starts - zero_seconds, self.limits)
            if expected is None or abs(starts - expected) > GAP_SECONDS:
                if expected is not None:
                    self._add(_pieces(resampler, None))
                    resampler = _resampler(self.rate, self.mix)
                self._go_on_at(round((starts - zero_seconds) * self.rate))
            expected = starts + frame.samples / frame.sample_rate
            self._add(_pieces(resampler, frame))
        self._add(_pieces(resampler, None))
        return self.samples()

    def samples(self) -> Samples:
        return np.concatenate(self._chunks) if self._chunks else np.zeros(0, np.float32)

    def _add(self, pieces: Iterable[Samples]) -> None:
        """Append what lies at or after sample 0."""
        for samples_S in pieces:
            self._chunks.append(samples_S[max(0, -self.at) :])
            self.at += len(samples_S)

    def _go_on_at(self, to: int) -> None:
        """Silence in between, or what was written twice taken back."""
        if to > max(self.at, 0):
            self._chunks.append(np.zeros(to - max(self.at, 0), np.float32))
        elif to < self.at and self._chunks:
            self._chunks = [self.samples()[: max(to, 0)]]
        self.at = to


def _resampler(rate: int, mix: bool) -> av.AudioResampler:
    """To samples that lie channel by channel in one plane: PyAV crashes over the planes of eight channels and more."""
    return av.AudioResampler(format="flt", layout="mono" if mix else None, rate=rate)


def _pieces(resampler: av.AudioResampler, frame: av.AudioFrame | None) -> Iterator[Samples]:
    for piece in resampler.resample(frame):
        flat_F: Any = piece.to_ndarray()[0]
        channels = len(flat_F) // piece.samples
        yield flat_F if channels == 1 else flat_F.reshape(-1, channels).T.copy().mean(axis=0, dtype=np.float32)


def _zero_seconds(container: Any, first: av.AudioFrame) -> float:
    """When sample 0 is presented."""
    pictures = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if pictures:
        return float((pictures[0].start_time or 0) * pictures[0].time_base)
    starts = first.time or 0.0
    return min(0.0, starts) if container.format.name.startswith(TIMELINES) else starts
