"""Files of any size and rate to what the artifact's encoders take: references of the clip's size, mono sound.

Images are resized to cover and centre-cropped as the training clips were (Pillow, bicubic, one antialiased step).
Shape legend: C = 3 colours, H W pixels, S samples.
"""

from pathlib import Path

import av
import numpy as np
import torch
from av.error import FFmpegError
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from model.inference.rgb_artifact import ClipShape


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
    return torch.from_numpy(np.array(fitted)).permute(2, 0, 1)[None, :, None].float() / 127.5 - 1


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
            "give a longer one, or a shorter video with --seconds"
        )
    return np.pad(samples_S[:wanted], (0, max(0, wanted - len(samples_S))))


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
