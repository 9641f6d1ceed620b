"""Pixels and sound into one MP4 that every player opens: H.264 (yuv420p) and AAC, through PyAV (FFmpeg).

Shape legend: C = 3 colours, T frames, H W pixels, S samples.
"""

from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from model.artifact.rgb_artifact import ClipShape


def write_clip(path: Path, video_CTHW: Tensor, samples_S: NDArray[np.float32], clip: ClipShape) -> None:
    """Write one clip with its sound.

    Args:
        path: an .mp4 file; its folder is made.
        video_CTHW: pixels in -1..1, even height and width.
        samples_S: mono, -1..1, at `clip.audio_samples_per_second`; cut to the picture's length.
        clip: the rates.

    Raises:
        ValueError: the name does not end in .mp4.
    """
    if path.suffix != ".mp4":
        raise ValueError(f"{path}: the video is an MP4, name it so (--out {path.with_suffix('.mp4')})")
    path.parent.mkdir(parents=True, exist_ok=True)
    frames_THWC = to_bytes(video_CTHW)
    wanted = round(len(frames_THWC) * clip.audio_samples_per_second / clip.frames_per_second)
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        picture: Any = container.add_stream("libx264", rate=clip.frames_per_second, options={"crf": "16"})
        picture.height, picture.width = frames_THWC.shape[1:3]
        picture.pix_fmt = "yuv420p"
        sound: Any = container.add_stream("aac", rate=clip.audio_samples_per_second, layout="mono")
        for frame_HWC in frames_THWC:
            container.mux(picture.encode(av.VideoFrame.from_ndarray(frame_HWC, format="rgb24")))
        container.mux(picture.encode())
        container.mux(sound.encode(_sound_frame(samples_S[:wanted], clip.audio_samples_per_second)))
        container.mux(sound.encode())


def to_bytes(video_CTHW: Tensor) -> NDArray[np.uint8]:
    """Pixels in -1..1 [3,T,H,W] -> uint8 [T,H,W,3]."""
    scaled_THWC = ((video_CTHW.clamp(-1, 1) + 1) * 127.5).round().permute(1, 2, 3, 0)
    return np.ascontiguousarray(scaled_THWC.cpu().numpy().astype(np.uint8))


def _sound_frame(samples_S: NDArray[np.float32], samples_per_second: int) -> av.AudioFrame:
    samples_1S = np.ascontiguousarray(samples_S[None].astype(np.float32))
    frame = av.AudioFrame.from_ndarray(samples_1S, format="fltp", layout="mono")
    frame.sample_rate = samples_per_second
    return frame
