"""Footage as cameras write it: small, made on the spot, each defect on demand."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from data.sources.studio.speech import speak

HEIGHT, WIDTH = 128, 96
Film = Callable[..., Path]


@pytest.fixture
def pictures() -> Callable[..., np.ndarray]:
    """Blocks in random colours that move `step` pixels a frame: sharp, and never still. [T, H, W, 3]"""

    def draw(
        count: int, seed: int = 0, height: int = HEIGHT, width: int = WIDTH, step: int = 1, block: int = 4
    ) -> np.ndarray:
        size = (height // block + 1, (width + count * step) // block + 1, 3)
        blocks = np.random.default_rng(seed).integers(0, 256, size)
        wide = blocks.repeat(block, axis=0).repeat(block, axis=1).astype(np.uint8)
        return np.stack([wide[:height, at * step : at * step + width] for at in range(count)])

    return draw


@pytest.fixture
def sound() -> Callable[[float], np.ndarray]:
    """Seconds of speech-like sound at 44.1 kHz."""
    return lambda seconds: speak(np.random.default_rng(1), 150, round(seconds * 44_100), 44_100)


@pytest.fixture
def film(tmp_path: Path) -> Film:
    """Write frames into tmp_path/footage/NAME: at a steady rate, or each at its own time in milliseconds."""

    def write(
        name: str,
        frames_THWC: np.ndarray,
        rate: int = 25,
        times: Sequence[int] | None = None,
        samples_S: np.ndarray | None = None,
        turned: int = 0,
        **codec: str | Fraction,
    ) -> Path:
        path = tmp_path / "footage" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(path), "w") as container:
            video = container.add_stream(str(codec.pop("codec", "libx264")), rate=rate, options={"crf": "10"})
            video.height, video.width = frames_THWC.shape[1:3]
            video.pix_fmt = str(codec.pop("pix_fmt", "yuv420p"))
            if aspect := codec.pop("pixel_aspect", None):
                video.codec_context.sample_aspect_ratio = aspect
            if turned:
                video.set_display_rotation(turned)
            if times is not None:
                video.codec_context.time_base = Fraction(1, 1000)
            heard = container.add_stream("aac", rate=44_100, layout="mono") if samples_S is not None else None
            for number, picture in enumerate(frames_THWC):
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
                if times is not None:
                    frame.pts, frame.time_base = times[number], Fraction(1, 1000)
                container.mux(video.encode(frame))
            container.mux(video.encode())
            if heard is not None and samples_S is not None:
                pcm = np.round(samples_S * 32767).astype(np.int16)[None]
                spoken = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
                spoken.sample_rate, spoken.pts = 44_100, 0
                container.mux(heard.encode(spoken))
                container.mux(heard.encode())
        return path

    return write
