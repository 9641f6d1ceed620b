"""What the user gives to what the artifact's encoders take: pictures and poses of the clip's size, mono sound.

Pictures are resized to cover and centre-cropped as the training clips were.
Shape legend: C = 3 colours, T frames, H W pixels, S samples.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from foundation.clip_format import ClipFormat
from foundation.geometry import cover
from foundation.pictures import read_image
from foundation.sound import Samples, Sound, read_audio, resampled
from foundation.video_frames import Frames, same_rate
from foundation.video_reading import read_video
from model.conditioning.pixels import to_pixels

Picture = Path | NDArray[np.uint8]
"""A file, or RGB values uint8 [H,W,3]; of any size."""


def picture_pixels(picture: Picture, clip: ClipFormat) -> Tensor:
    """A picture to pixels [1,3,1,H,W] in -1..1.

    Raises:
        ValueError: the file is missing or no picture, or the array is not uint8 [H,W,3].
    """
    return to_pixels(cover(_frames(picture), clip.height, clip.width))


def pose_pixels(path: Path, clip: ClipFormat, frames: int) -> Tensor:
    """The first `frames` frames of a skeleton video of any size to pixels [1,3,T,H,W] in -1..1.

    Raises:
        ValueError: the file is missing or no video, has another frame rate than the clip, or is shorter than that.
    """
    pose_THWC, rate = read_video(path, limit=frames, size=(clip.height, clip.width))
    if not same_rate(rate, clip.frames_per_second, len(pose_THWC)):
        raise ValueError(
            f"pose video {path} has {rate:g} frames a second, this model makes {clip.frames_per_second}: "
            f"convert it (ffmpeg -i {path.name} -r {clip.frames_per_second} pose.mp4)"
        )
    if len(pose_THWC) < frames:
        raise ValueError(
            f"pose video {path} has {len(pose_THWC)} frames, the video needs {frames}: "
            "give a longer one, fewer prompts, or fewer seconds a clip"
        )
    return to_pixels(pose_THWC)


def clip_sound(audio: Path | Sound, clip: ClipFormat, frames: int) -> Samples:
    """The first `frames` frames' worth of a sound: mono, at the clip's sample rate, in -1..1.

    Raises:
        ValueError: the file is missing or holds no sound, the array is not float32 [S], or the sound is shorter than
            that (at most one frame is filled up with silence).
    """
    rate = clip.audio_samples_per_second
    samples_S = read_audio(audio, rate)[0] if isinstance(audio, Path) else resampled(_checked(audio), rate)
    wanted = round(frames * rate / clip.frames_per_second)
    if len(samples_S) < wanted - rate // clip.frames_per_second:
        name = f"audio {audio}" if isinstance(audio, Path) else "audio"
        raise ValueError(
            f"{name} is {len(samples_S) / rate:.2f} s long, the video needs {wanted / rate:.2f} s: "
            "give a longer one, fewer prompts, or fewer seconds a clip"
        )
    return np.pad(samples_S[:wanted], (0, max(0, wanted - len(samples_S))))


def _frames(picture: Picture) -> Frames:
    if isinstance(picture, Path):
        return read_image(picture)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        raise ValueError(f"a picture is an array uint8 [H,W,3] of RGB values, got {picture.dtype} {picture.shape}")
    return picture[None]


def _checked(sound: Sound) -> Sound:
    samples_S, rate = sound
    if samples_S.dtype != np.float32 or samples_S.ndim != 1 or not samples_S.size:
        raise ValueError(f"audio is (float32 [S] in -1..1, samples a second), got {samples_S.dtype} {samples_S.shape}")
    return samples_S, rate
