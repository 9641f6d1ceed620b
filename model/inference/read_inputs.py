"""Files of any size to what the artifact's encoders take: references and poses of the clip's size, mono sound.

Pictures are resized to cover and centre-cropped as the training clips were (Pillow, bicubic, one antialiased step).
Shape legend: C = 3 colours, T frames, H W pixels, S samples.
"""

import itertools
from pathlib import Path

import av
import numpy as np
import torch
from av.error import FFmpegError
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from model.artifact.rgb_artifact import ClipShape


def read_image(path: Path, clip: ClipShape) -> Tensor:
    """A picture of any size to pixels [1,3,1,H,W] in -1..1.

    Raises:
        ValueError: the file is missing or no picture.
    """
    try:
        with Image.open(path) as picture:
            fitted = cover(picture.convert("RGB"), clip.height, clip.width)
    except (UnidentifiedImageError, OSError) as error:
        raise ValueError(f"image {path} cannot be read ({error}): give a PNG or JPEG file") from error
    return _to_pixels(np.array(fitted)[None])


def read_pose(path: Path, clip: ClipShape, frames: int) -> Tensor:
    """The first `frames` frames of a skeleton video of any size to pixels [1,3,T,H,W] in -1..1.

    Raises:
        ValueError: the file is missing or no video, has another frame rate than the clip, or is shorter than that.
    """
    fitted: list[NDArray[np.uint8]] = []
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise ValueError(f"pose video {path} has no picture in it: give the MP4 of a skeleton")
            rate = container.streams.video[0].average_rate
            for frame in itertools.islice(container.decode(video=0), frames):
                fitted.append(np.array(cover(frame.to_image(), clip.height, clip.width)))
    except (FFmpegError, OSError) as error:
        raise ValueError(f"pose video {path} cannot be read ({error}): give the MP4 of a skeleton") from error
    if rate != clip.frames_per_second:
        raise ValueError(
            f"pose video {path} has {float(rate or 0):g} frames a second, this model makes {clip.frames_per_second}: "
            f"convert it (ffmpeg -i {path.name} -r {clip.frames_per_second} pose.mp4)"
        )
    if len(fitted) < frames:
        raise ValueError(
            f"pose video {path} has {len(fitted)} frames, the video needs {frames}: "
            "give a longer one, fewer prompts, or shorter clips with --seconds"
        )
    return _to_pixels(np.stack(fitted))


def cover(picture: Image.Image, height: int, width: int) -> Image.Image:
    """The largest centred part of the picture's that has the target's proportions, resized to height x width."""
    if picture.size == (width, height):
        return picture
    scale = max(height / picture.height, width / picture.width)
    left = max(0.0, (picture.width - width / scale) / 2)
    top = max(0.0, (picture.height - height / scale) / 2)
    right, bottom = min(left + width / scale, picture.width), min(top + height / scale, picture.height)
    return picture.resize((width, height), Image.Resampling.BICUBIC, box=(left, top, right, bottom))


def read_sound(path: Path, clip: ClipShape, frames: int) -> NDArray[np.float32]:
    """The first `frames` frames' worth of a sound file: mono, at the clip's sample rate, in -1..1.

    Raises:
        ValueError: the file is missing, holds no sound, or is shorter than that (at most one frame is filled up).
    """
    samples_S = _decode(path, clip.audio_samples_per_second)
    wanted = round(frames * clip.audio_samples_per_second / clip.frames_per_second)
    frame_samples = clip.audio_samples_per_second // clip.frames_per_second
    seconds = len(samples_S) / clip.audio_samples_per_second
    if len(samples_S) < wanted - frame_samples:
        raise ValueError(
            f"audio {path} is {seconds:.2f} s long, the video needs {wanted / clip.audio_samples_per_second:.2f} s: "
            "give a longer one, fewer prompts, or shorter clips with --seconds"
        )
    return np.pad(samples_S[:wanted], (0, max(0, wanted - len(samples_S))))


def _to_pixels(frames_THWC: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(frames_THWC).permute(3, 0, 1, 2)[None].float() / 127.5 - 1


def _decode(path: Path, samples_per_second: int) -> NDArray[np.float32]:
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise ValueError(f"audio {path} has no sound in it: give a WAV, MP3 or M4A file")
            resampler = av.AudioResampler(format="fltp", layout="mono", rate=samples_per_second)
            frames = [*container.decode(audio=0), None]
            chunks = [chunk.to_ndarray()[0] for frame in frames for chunk in resampler.resample(frame)]
    except (FFmpegError, OSError) as error:
        raise ValueError(f"audio {path} cannot be read ({error}): give a WAV, MP3 or M4A file") from error
    return np.concatenate([np.zeros(0, np.float32), *chunks]).astype(np.float32)
