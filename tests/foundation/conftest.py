"""Media that the film of tests/conftest.py cannot be: cut without encoding again, with late sound, tagged."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

RATE = 44_100
Media = Callable[..., Path]


@pytest.fixture
def trimmed() -> Callable[[Path, Path, float], Path]:
    """What `ffmpeg -ss FIRST -i SOURCE -c copy TARGET` writes: an edit list over whole groups of frames."""

    def cut(source: Path, target: Path, first: float) -> Path:
        with av.open(str(source)) as given, av.open(str(target), "w") as made:
            streams = {stream.index: made.add_stream_from_template(stream) for stream in given.streams}
            given.seek(round(first * 1_000_000))
            for packet in given.demux():
                if packet.dts is None:
                    continue
                if packet.stream.type == "audio" and packet.pts * packet.time_base < first:
                    continue
                moved = round(first / packet.time_base)
                packet.pts, packet.dts = packet.pts - moved, packet.dts - moved
                packet.stream = streams[packet.stream.index]
                made.mux(packet)
        return target

    return cut


@pytest.fixture
def clap(tmp_path: Path) -> Media:
    """A grey video of `frames` frames whose sound begins at `late` seconds and claps one second after."""

    def write(name: str, late: float = 0.0, frames: int = 75, picture_late: float = 0.0, codec: str = "aac") -> Path:
        samples_S = np.zeros(2 * RATE, np.float32)
        samples_S[RATE : RATE + 441] = 0.9
        with av.open(str(tmp_path / name), "w") as container:
            video: Any = container.add_stream("libx264", rate=25)
            video.height = video.width = 32
            sound: Any = container.add_stream(codec, rate=RATE, layout="mono")
            for number in range(frames):
                frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), number, np.uint8), format="rgb24")
                frame.pts, frame.time_base = number + round(picture_late * 25), Fraction(1, 25)
                container.mux(video.encode(frame))
            container.mux(video.encode())
            for first in range(0, len(samples_S), 1024):
                piece = av.AudioFrame.from_ndarray(samples_S[None, first : first + 1024], format="fltp", layout="mono")
                piece.sample_rate, piece.pts, piece.time_base = RATE, first + round(late * RATE), Fraction(1, RATE)
                container.mux(sound.encode(piece))
            container.mux(sound.encode())
        return tmp_path / name

    return write


@pytest.fixture
def flat(tmp_path: Path) -> Media:
    """Five frames of one colour, given as Y, U, V, and whatever tags are asked for; lossless."""

    def write(name: str, yuv: tuple[int, int, int], size: tuple[int, int] = (64, 48), **tags: int) -> Path:
        with av.open(str(tmp_path / name), "w") as container:
            stream: Any = container.add_stream("libx264", rate=25, options={"qp": "0"})
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
            for tag, value in tags.items():
                setattr(stream.codec_context, tag, value)
            for _ in range(5):
                frame = av.VideoFrame(*size, "yuv420p")
                for plane, value in zip(frame.planes, yuv, strict=True):
                    plane.update(bytes([value]) * plane.buffer_size)
                for tag, value in tags.items():
                    setattr(frame, tag, value)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return tmp_path / name

    return write
