"""Sound as recorders, cutters and broken programs leave it."""

import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from scipy.io import wavfile

from orchestration.commands.torture.case import Case, Outcome, clip_id, media

Samples = NDArray[np.float32]
RATE = 16_000


def draw(rng: Random, number: int) -> Case:
    """The sound of one clip, written anew."""
    story, expected, write = WAYS[number % len(WAYS)]
    clip = rng.randrange(3)

    def change(delivery: Path) -> None:
        file = media(delivery, clip, "audio")
        rate, pcm_S = wavfile.read(file)
        assert rate == RATE
        write(file, (pcm_S / 32_768).astype(np.float32))

    return Case(f"sound: {story}", change, expected, (clip_id(clip), "audio"))


def _wave(make: Callable[[Samples], NDArray[Any]], rate: int = RATE) -> Callable[[Path, Samples], object]:
    return lambda file, samples_S: wavfile.write(file, rate, make(samples_S))


def _pcm(samples: NDArray[Any]) -> NDArray[np.int16]:
    return (np.clip(samples, -1, 1) * 32_767).astype(np.int16)


def _with_nan(samples_S: Samples) -> Samples:
    broken_S = samples_S.copy()
    broken_S[1000:2000] = np.nan
    return broken_S


def _coded(codec: str, container: str, seconds_late: float = 0.0) -> Callable[[Path, Samples], object]:
    """Coded by FFmpeg, its first sample so late."""

    def write(file: Path, samples_S: Samples) -> None:
        file.unlink()
        with av.open(str(file), "w", format=container) as out:
            stream: Any = out.add_stream(codec, rate=RATE, layout="mono")
            frame = av.AudioFrame.from_ndarray(samples_S[None], format="fltp", layout="mono")
            frame.sample_rate = RATE
            frame.pts, frame.time_base = round(seconds_late * RATE), Fraction(1, RATE)
            out.mux(stream.encode(frame))
            out.mux(stream.encode())

    return write


def _header(size: int) -> Callable[[Path, Samples], object]:
    """Of a WAVE file that says so many bytes and holds none."""

    def write(file: Path, _samples: Samples) -> None:
        form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, RATE * 2, 2, 16)
        file.write_bytes(struct.pack("<4sI4s", b"RIFF", size, b"WAVE") + form + struct.pack("<4sI", b"data", size))

    return write


def _text(content: bytes) -> Callable[[Path, Samples], object]:
    return lambda file, _samples: file.write_bytes(content)


WAYS: tuple[tuple[str, Outcome, Callable[[Path, Samples], object]], ...] = (
    (
        "44.1 kHz",
        "either",
        _wave(lambda s: _pcm(np.interp(np.arange(round(len(s) * 2.75625)) / 2.75625, np.arange(len(s)), s)), 44_100),
    ),
    ("192 kHz", "either", _wave(lambda s: _pcm(np.repeat(s, 12)), 192_000)),
    ("eight channels", "either", _wave(lambda s: _pcm(np.repeat(s[:, None], 8, axis=1)))),
    ("24 bits as 32", "taken", _wave(lambda s: (s * 2**30).astype(np.int32))),
    ("floats", "taken", _wave(lambda s: s)),
    ("floats with NaN", "refused", _wave(_with_nan)),
    ("infinite floats", "refused", _wave(lambda s: np.where(np.arange(len(s)) == 99, np.inf, s).astype(np.float32))),
    ("silence", "either", _wave(lambda s: _pcm(s * 0))),
    ("far too short", "refused", _wave(lambda s: _pcm(s[:4000]))),
    ("three samples", "refused", _wave(lambda s: _pcm(s[:3]))),
    ("half a second late", "either", _coded("aac", "mp4", 0.5)),
    ("MP3 under the name of a WAVE", "either", _coded("libmp3lame", "mp3")),
    ("a header alone", "refused", _header(0)),
    ("a header that promises four gigabytes", "refused", _header(2**32 - 1)),
    ("a playlist", "refused", _text(b"#EXTM3U\n#EXTINF:1,\n../../../../../outside/secret\n")),
    ("a text", "refused", _text(b"hello\n")),
)
