"""Clips for people: a small clip is enlarged so that a browser shows it at a size one can judge."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from model.artifact.rgb_artifact import ClipShape
from model.inference.write_clip import write_clip

DOES_NOT_DECIDE = "it writes videos for people, no metric reads them"
VIEWING_HEIGHT = 288


def write_viewing_clip(
    file: Path, frames_THW3: NDArray[np.uint8], samples_S: NDArray[np.float32], clip: ClipShape
) -> None:
    """Write frames uint8 [T,H,W,3] with sound [S] as an MP4, enlarged by a whole factor to about VIEWING_HEIGHT."""
    height, width = frames_THW3.shape[1:3]
    scale = max(1, round(VIEWING_HEIGHT / height))
    size = width * scale, height * scale
    large = np.stack([np.asarray(Image.fromarray(f).resize(size, Image.Resampling.LANCZOS)) for f in frames_THW3])
    video_CTHW = torch.from_numpy(large).permute(3, 0, 1, 2).float() / 127.5 - 1
    write_clip(file, video_CTHW, samples_S, clip)
