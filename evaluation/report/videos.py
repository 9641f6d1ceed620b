"""Clips for people: a small clip is enlarged so that a browser shows it at a size one can judge."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from foundation.clip_format import ClipFormat
from foundation.video_writing import write_video

DOES_NOT_DECIDE = "it writes videos for people, no metric reads them"
VIEWING_HEIGHT = 288


def write_viewing_clip(
    file: Path, frames_THW3: NDArray[np.uint8], samples_S: NDArray[np.float32] | None, clip: ClipFormat
) -> None:
    """Write frames uint8 [T,H,W,3], with sound [S] or without, as an MP4 enlarged to about VIEWING_HEIGHT."""
    height, width = frames_THW3.shape[1:3]
    scale = max(1, round(VIEWING_HEIGHT / height))
    size = width * scale, height * scale
    large = np.stack([np.asarray(Image.fromarray(f).resize(size, Image.Resampling.LANCZOS)) for f in frames_THW3])
    sound = None if samples_S is None else (samples_S, clip.audio_samples_per_second)
    write_video(file, large, clip.frames_per_second, sound=sound)
