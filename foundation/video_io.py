"""Reading and writing videos and sound, through PyAV (FFmpeg) and `wave`: the only place that knows containers.

Lossless videos exist because the toy is small: at 96x64 pixels a lossy codec's noise would be much of the picture.
Encoders run on one thread, so that the same frames give the same file whatever the machine, and so does the way from
YUV to RGB: clips are spread over processes, whose threads would only stand in each other's way.
"""

import wave
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.error import FFmpegError
from av.stream import Disposition
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

# T frames, H height, W width, C = 3 colours (RGB), S samples
Frames = NDArray[np.uint8]
Samples = NDArray[np.float32]

LOSSLESS = {"qp": "0", "preset": "veryfast", "threads": "1"}
LOSSY = {"crf": "18", "preset": "veryfast", "threads": "1"}


def read_video(path: Path) -> tuple[Frames, float]:
    """All frames as RGB, and the container's frame rate.

    Returns:
        frames_THWC uint8, frames_per_second.

    Raises:
        ValueError: the file is missing, unreadable, has no frame, no steady frame rate, a broken frame, fewer frames
            than it declares, or a rotation that players apply and boxes do not.
    """
    try:
        with av.open(str(path)) as container:
            stream = _picture_stream(path, container)
            to_rgb = VideoReformatter()  # one for all frames: setting one up costs more than converting a small frame
            frames: list[Any] = []
            seconds: list[float | None] = []
            for frame in container.decode(stream):
                _check_plain(path, frame)
                seconds.append(frame.time)
                frames.append(to_rgb.reformat(frame, format="rgb24", threads=1).to_ndarray())
            rate, declared = stream.average_rate, stream.frames
    except (FFmpegError, OSError) as error:
        raise ValueError(f"video {path} cannot be read ({error}): deliver it again") from error
    if not frames or rate is None:
        raise ValueError(f"video {path} is empty (no frame or no frame rate): deliver it again")
    if len(frames) < declared:
        raise ValueError(f"video {path} is cut short ({len(frames)} of {declared} frames): deliver it again")
    _check_steady(path, seconds, float(rate))
    return np.stack(frames).astype(np.uint8, copy=False), float(rate)


def probe_video(path: Path) -> tuple[int, float, int, int]:
    """Frames, frames per second, height and width as the container tells them, nothing decoded.

    Raises:
        ValueError: the file is missing, unreadable, or has no picture or no frame rate.
    """
    try:
        with av.open(str(path)) as container:
            stream = _picture_stream(path, container)
            rate, height, width = stream.average_rate, stream.height, stream.width
            frames = stream.frames or sum(packet.size > 0 for packet in container.demux(stream))
    except (FFmpegError, OSError) as error:
        raise ValueError(f"video {path} cannot be read ({error}): deliver it again") from error
    if rate is None:
        raise ValueError(f"video {path} has no frame rate: deliver it again")
    return frames, float(rate), height, width


def is_no_video(container: Any) -> bool:
    """Whether FFmpeg opened something else than a video: sound, with or without a cover, or a still picture."""
    streams = container.streams.video
    still = container.format.name.endswith("_pipe") or container.format.name == "image2"
    return not streams or still or bool(streams[0].disposition & Disposition.attached_pic)


def _picture_stream(path: Path, container: Any) -> Any:
    if is_no_video(container):
        raise ValueError(f"video {path} has no picture stream: deliver it again")
    return container.streams.video[0]


def _check_plain(path: Path, frame: av.VideoFrame) -> None:
    if frame.is_corrupt:
        raise ValueError(f"video {path} has a broken frame at {frame.time or 0:.2f} s: deliver it again")
    if frame.rotation:
        raise ValueError(
            f"video {path} is stored turned by {frame.rotation} degrees: write it upright, and see that the boxes "
            "belong to the upright picture"
        )


def _check_steady(path: Path, seconds: list[float | None], rate: float) -> None:
    """Frames are counted, not timed, everywhere after this: so they must be evenly spaced."""
    known = [at for at in seconds if at is not None]
    off = [abs(at - known[0] - number / rate) for number, at in enumerate(known)]
    if len(known) == len(seconds) and max(off) * rate > 0.5:
        raise ValueError(
            f"video {path} has a variable frame rate (frame {int(np.argmax(off))} is {max(off):.3f} s off "
            f"{rate:g} frames a second): convert it to a steady one"
        )


def write_video(path: Path, frames_THWC: Frames, frames_per_second: float, lossless: bool) -> None:
    """Write frames as H.264 in the container the file's ending names (mp4, mkv).

    Lossless (RGB, quantiser 0) decodes to the same pixels; lossy (yuv420p, crf 18) plays in every browser.

    Raises:
        ValueError: no frames, not RGB, or an odd height or width in a lossy video.
    """
    if frames_THWC.ndim != 4 or frames_THWC.shape[0] == 0 or frames_THWC.shape[3] != 3:
        raise ValueError(f"video {path}: expected frames [T>0, H, W, 3], got {frames_THWC.shape}")
    height, width = frames_THWC.shape[1:3]
    if not lossless and (height % 2 or width % 2):
        raise ValueError(f"video {path}: a lossy video needs an even height and width, got {height}x{width}")
    rate = Fraction(frames_per_second).limit_denominator(1001)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(
            "libx264rgb" if lossless else "libx264", rate=rate, options=LOSSLESS if lossless else LOSSY
        )
        stream.width, stream.height = width, height
        stream.pix_fmt = "rgb24" if lossless else "yuv420p"
        for frame_HWC in frames_THWC:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame_HWC), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def read_audio(path: Path) -> tuple[Samples, int]:
    """The sound of any file FFmpeg reads, its channels averaged.

    Returns:
        samples_S float32 in -1..1, samples per second.

    Raises:
        ValueError: the file is missing, unreadable, or has no sound.
    """
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise ValueError(f"audio {path} has no sound stream: deliver it again")
            stream = container.streams.audio[0]
            rate = stream.rate
            resampler = av.AudioResampler(format="fltp", rate=rate)
            chunks = [
                converted.to_ndarray()
                for frame in [*container.decode(stream), None]
                for converted in resampler.resample(frame)
            ]
    except (FFmpegError, OSError) as error:
        raise ValueError(f"audio {path} cannot be read ({error}): deliver it again") from error
    if not sum(chunk.shape[1] for chunk in chunks):
        raise ValueError(f"audio {path} is empty: deliver it again")
    return np.concatenate(chunks, axis=1).mean(axis=0, dtype=np.float32), int(rate)


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
