"""Videos as cameras, cutters and attackers deliver them: other clocks, other colours, other shapes, other things."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorTrc
from numpy.typing import NDArray

from orchestration.commands.torture.case import Case, Outcome, clip_id, media

Frames = NDArray[np.uint8]
TICKS = 90_000  # a second
RATE = 25


@dataclass(frozen=True)
class Way:
    """How the frames are written."""

    container: str = "mp4"
    at: Callable[[int], float] = lambda number: number / RATE  # seconds at which a frame is shown
    rate: Fraction = Fraction(RATE)
    pixel_shape: Fraction = Fraction(1)
    transfer: ColorTrc | None = None
    options: dict[str, str] = field(default_factory=lambda: {"qp": "0", "bf": "0"})


def draw(rng: Random, number: int) -> Case:
    """The video of one clip, written anew."""
    story, expected, write = WAYS[number % len(WAYS)]
    clip = rng.randrange(3)

    def change(delivery: Path) -> None:
        file = media(delivery, clip, "video")
        with av.open(str(file)) as container:
            frames_THWC = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]).astype(
                np.uint8
            )
        write(file, frames_THWC)

    return Case(f"video: {story}", change, expected, (clip_id(clip), "video"))


def _written(way: Way) -> Callable[[Path, Frames], object]:
    return lambda file, frames_THWC: _write(file, frames_THWC, way)


def _write(file: Path, frames_THWC: Frames, way: Way) -> None:
    file.unlink()
    with av.open(str(file), "w", format=way.container) as container:
        stream: Any = container.add_stream("libx264rgb", rate=way.rate, options=way.options)
        stream.height, stream.width = frames_THWC.shape[1:3]
        stream.pix_fmt = "rgb24"
        stream.codec_context.time_base = Fraction(1, TICKS)
        stream.sample_aspect_ratio = way.pixel_shape
        if way.transfer is not None:
            stream.codec_context.color_trc = way.transfer
        for number, frame_HWC in enumerate(frames_THWC):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame_HWC), format="rgb24")
            frame.pts, frame.time_base = round(way.at(number) * TICKS), Fraction(1, TICKS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def _longer(file: Path, frames_THWC: Frames) -> None:
    """Ten frames are there that an edit list does not show: trimmed without encoding again."""
    hidden_THWC = np.concatenate([frames_THWC[10:0:-1], frames_THWC])
    _write(file, hidden_THWC, Way(at=lambda number: (number - 10) / RATE))


def _turned(file: Path, frames_THWC: Frames) -> None:
    """Players turn it by 90 degrees: the matrix in the track's header says so."""
    _write(file, frames_THWC, Way())
    content = bytearray(file.read_bytes())
    matrix = content.index(b"tkhd") + 4 + 40
    numbers = (0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    content[matrix : matrix + 36] = b"".join(number.to_bytes(4, "big", signed=True) for number in numbers)
    file.write_bytes(bytes(content))


def _large(file: Path, _frames: Frames) -> None:
    _write(file, np.zeros((2, 4320, 7680, 3), np.uint8), Way(options={"preset": "ultrafast"}))


def _long(file: Path, frames_THWC: Frames) -> None:
    """The clip, and one frame a day later."""
    _write(file, frames_THWC, Way(at=lambda number: number / RATE if number < len(frames_THWC) - 1 else 86_400))


def _text(content: str) -> Callable[[Path, Frames], object]:
    return lambda file, _frames: file.write_text(
        content.format(secret=(Path("../outside/secret")).resolve()), encoding="utf-8"
    )


def _fewer(count: int) -> Callable[[Path, Frames], object]:
    return lambda file, frames_THWC: _write(file, frames_THWC[:count], Way())


def _sound_alone(file: Path, _frames: Frames) -> None:
    file.unlink()
    with av.open(str(file), "w", format="mp4") as container:
        stream: Any = container.add_stream("aac", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16_000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())


HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://{secret}\n#EXT-X-ENDLIST\n"
WAYS: tuple[tuple[str, Outcome, Callable[[Path, Frames], object]], ...] = (
    ("a playlist that names another file", "refused", _text(HLS)),
    ("a list of parts that names another file", "refused", _text("ffconcat version 1.0\nfile '{secret}'\n")),
    ("written again", "taken", _written(Way())),
    ("starts at ten seconds", "taken", _written(Way(at=lambda number: 10 + number / RATE))),
    ("a millisecond of jitter", "taken", _written(Way("matroska", lambda n: round(n / RATE + 0.001 * (n % 2), 3)))),
    ("trimmed without encoding again", "taken", _longer),
    ("a variable rate", "refused", _written(Way(at=lambda n: n / RATE if n < 16 else n / RATE + 0.2))),
    ("24 frames a second", "refused", _written(Way(at=lambda n: n / 24, rate=Fraction(24)))),
    ("turned by 90 degrees", "refused", _turned),
    ("HDR", "refused", _written(Way(transfer=ColorTrc.SMPTE2084))),
    ("pixels that are not square", "either", _written(Way(pixel_shape=Fraction(4, 3)))),
    ("7680x4320", "refused", _large),
    ("a frame a day later", "refused", _long),
    ("one frame short", "refused", _fewer(32)),
    ("one frame", "refused", _fewer(1)),
    ("no picture", "refused", _sound_alone),
    ("a text", "refused", _text("not a video\n")),
    ("a script", "refused", _text("<?xml version='1.0'?><MPD><BaseURL>file://{secret}</BaseURL></MPD>")),
    (
        "an SDP session",
        "refused",
        _text("v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n"),
    ),
    ("B frames", "taken", _written(Way(options={"qp": "0", "bf": "2"}))),
    ("another container", "either", _written(Way("avi"))),
)
