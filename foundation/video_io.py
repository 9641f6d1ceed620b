"""Reading and writing videos, pictures and sound (PyAV, that is FFmpeg; Pillow; `wave`): who knows file formats.

Lossless videos exist because the toy is small: at 96x64 pixels a lossy codec's noise would be much of the picture.
Prepared videos are encoded on one thread, so that the same frames give the same file whatever the machine. YUV becomes
RGB on one thread too: clips are spread over processes, whose threads would only slow each other down.
"""

import wave
from collections.abc import Iterable
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.error import FFmpegError
from av.stream import Disposition
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from foundation.geometry import cover

# T frames, H height, W width, C = 3 colours (RGB), S samples
Frames = NDArray[np.uint8]
Samples = NDArray[np.float32]
Sound = tuple[Samples, int]
"""samples_S float32 in -1..1, one channel; samples per second."""

LOSSLESS = {"qp": "0", "preset": "veryfast", "threads": "1"}
LOSSY = {"crf": "18", "preset": "veryfast", "threads": "1"}
VIEWED = {"crf": "16"}  # with sound, for people: slower, better, not necessarily the same file on every machine


def read_video(path: Path, limit: int | None = None, size: tuple[int, int] | None = None) -> tuple[Frames, float]:
    """The frames as RGB, and the container's frame rate.

    Args:
        path: any video that FFmpeg reads.
        limit: read the first frames only, so many; None: all.
        size: height and width that every frame is resized to cover; None: its own.

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
            for frame in islice(container.decode(stream), limit):
                _check_plain(path, frame)
                seconds.append(frame.time)
                picture_1HWC: Any = to_rgb.reformat(frame, format="rgb24", threads=1).to_ndarray()[None]
                frames.append(picture_1HWC if size is None else cover(picture_1HWC, *size))
            rate, declared = stream.average_rate, stream.frames
    except (FFmpegError, OSError) as error:
        raise ValueError(f"video {path} cannot be read ({error}): replace the file") from error
    if not frames or rate is None:
        raise ValueError(f"video {path} is empty (no frame or no frame rate): replace the file")
    if len(frames) < (declared if limit is None else min(limit, declared)):
        raise ValueError(f"video {path} is cut short ({len(frames)} of {declared} frames): replace the file")
    _check_steady(path, seconds, float(rate))
    return np.concatenate(frames).astype(np.uint8, copy=False), float(rate)


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
        raise ValueError(f"video {path} cannot be read ({error}): replace the file") from error
    if rate is None:
        raise ValueError(f"video {path} has no frame rate: replace the file")
    return frames, float(rate), height, width


def is_no_video(container: Any) -> bool:
    """Whether FFmpeg opened something else than a video: sound, with or without a cover, or a still picture."""
    streams = container.streams.video
    still = container.format.name.endswith("_pipe") or container.format.name == "image2"
    return not streams or still or bool(streams[0].disposition & Disposition.attached_pic)


def _picture_stream(path: Path, container: Any) -> Any:
    if is_no_video(container):
        raise ValueError(f"video {path} has no picture stream: replace the file")
    return container.streams.video[0]


def _check_plain(path: Path, frame: av.VideoFrame) -> None:
    if frame.is_corrupt:
        raise ValueError(f"video {path} has a broken frame at {frame.time or 0:.2f} s: replace the file")
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


def write_video(
    path: Path, frames_THWC: Frames, frames_per_second: float, lossless: bool = False, sound: Sound | None = None
) -> None:
    """Write frames as H.264, and sound as AAC, in the container the file's ending names (mp4, mkv); makes its folder.

    Lossless (RGB, quantiser 0) decodes to the same pixels; lossy (yuv420p) plays in every browser. Sound is cut to the
    picture's length; a video with sound is for people, so it is coded better and starts to play while it loads.

    Raises:
        ValueError: no frames, not RGB, or an odd height or width in a lossy video.
    """
    _check_frames(path, frames_THWC, lossless)
    path.parent.mkdir(parents=True, exist_ok=True)
    rate = Fraction(frames_per_second).limit_denominator(1001)
    options = LOSSLESS if lossless else LOSSY if sound is None else VIEWED
    with av.open(str(path), "w", options={} if sound is None else {"movflags": "+faststart"}) as container:
        stream: Any = container.add_stream("libx264rgb" if lossless else "libx264", rate=rate, options=options)
        stream.height, stream.width = frames_THWC.shape[1:3]
        stream.pix_fmt = "rgb24" if lossless else "yuv420p"
        audio: Any = None if sound is None else container.add_stream("aac", rate=sound[1], layout="mono")
        for frame_HWC in frames_THWC:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame_HWC), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if sound is not None:
            wanted = round(len(frames_THWC) * sound[1] / frames_per_second)
            container.mux(audio.encode(_sound_frame((sound[0][:wanted], sound[1]))))
            container.mux(audio.encode())


def _check_frames(path: Path, frames_THWC: Frames, lossless: bool) -> None:
    if frames_THWC.ndim != 4 or frames_THWC.shape[0] == 0 or frames_THWC.shape[3] != 3:
        raise ValueError(f"video {path}: expected frames [T>0, H, W, 3], got {frames_THWC.shape}")
    height, width = frames_THWC.shape[1:3]
    if not lossless and (height % 2 or width % 2):
        raise ValueError(f"video {path}: a lossy video needs an even height and width, got {height}x{width}")


def read_image(path: Path) -> Frames:
    """A picture of any kind as RGB, uint8 [1,H,W,3].

    Raises:
        ValueError: the file is missing or no picture.
    """
    try:
        with Image.open(path) as picture:
            return np.asarray(picture.convert("RGB"))[None]
    except (UnidentifiedImageError, OSError) as error:
        raise ValueError(f"image {path} cannot be read ({error}): give a PNG or JPEG file") from error


def read_audio(path: Path, samples_per_second: int | None = None) -> Sound:
    """The sound of any file FFmpeg reads, as one channel.

    Args:
        path: of sound, or of a video that has some.
        samples_per_second: FFmpeg resamples and mixes to it; None: as recorded, its channels averaged.

    Returns:
        samples_S float32 in -1..1, samples per second.

    Raises:
        ValueError: the file is missing, unreadable, or has no sound.
    """
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise ValueError(f"audio {path} has no sound stream: replace the file")
            stream = container.streams.audio[0]
            rate, layout = (stream.rate, None) if samples_per_second is None else (samples_per_second, "mono")
            samples_S = _one_channel(container.decode(stream), rate, layout)
    except (FFmpegError, OSError) as error:
        raise ValueError(f"audio {path} cannot be read ({error}): replace the file") from error
    if not samples_S.size:
        raise ValueError(f"audio {path} is empty: replace the file")
    return samples_S, int(rate)


def resampled(sound: Sound, samples_per_second: int) -> Samples:
    """The same sound at another rate, as `read_audio` reads a file that holds it."""
    return _one_channel([_sound_frame(sound)], samples_per_second, "mono")


def _one_channel(frames: Iterable[av.AudioFrame], rate: int, layout: str | None) -> Samples:
    resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate)
    chunks = [part.to_ndarray() for frame in [*frames, None] for part in resampler.resample(frame)]
    return np.concatenate(chunks, axis=1).mean(axis=0, dtype=np.float32) if chunks else np.zeros(0, np.float32)


def _sound_frame(sound: Sound) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound[0][None], np.float32), format="fltp", layout="mono")
    frame.sample_rate = sound[1]
    return frame


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
