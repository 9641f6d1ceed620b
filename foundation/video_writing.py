"""Writing videos: H.264, and AAC where there is sound.

Lossless videos exist because the toy is small: at 96x64 pixels a lossy codec's noise would be much of the picture.
Prepared videos are encoded on one thread, so that the same frames give the same file whatever the machine.
"""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from foundation.sound import Sound, sound_frame
from foundation.video_about import as_comment
from foundation.video_frames import Frames

LOSSLESS = {"qp": "0", "preset": "veryfast", "threads": "1"}
LOSSY = {"crf": "18", "preset": "veryfast", "threads": "1"}
VIEWED = {"crf": "16"}  # with sound, for people: slower, better, not necessarily the same file on every machine


def write_video(
    path: Path,
    frames_THWC: Frames,
    frames_per_second: float,
    lossless: bool = False,
    sound: Sound | None = None,
    about: Mapping[str, Any] | None = None,
) -> None:
    """Write frames as H.264, and sound as AAC, in the container the file's ending names (mp4, mkv); makes its folder.

    Lossless (RGB, quantiser 0) decodes to the same pixels; lossy (yuv420p) plays in every browser. Sound is cut to the
    picture's length; a video with sound is for people, so it is coded better and starts to play while it loads.
    `about` goes into the file's comment, where `foundation.video_about` finds it.

    Raises:
        ValueError: no frames, not RGB, or an odd height or width in a lossy video.
    """
    _check_frames(path, frames_THWC, lossless)
    path.parent.mkdir(parents=True, exist_ok=True)
    rate = Fraction(frames_per_second).limit_denominator(1001)
    options = LOSSLESS if lossless else LOSSY if sound is None else VIEWED
    with av.open(str(path), "w", options={} if sound is None else {"movflags": "+faststart"}) as container:
        if about is not None:
            container.metadata["comment"] = as_comment(about)
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
            heard = sound_frame((sound[0][:wanted], sound[1]))
            heard.pts, heard.time_base = (
                0,
                Fraction(1, sound[1]),
            )  # the coder's delay lies before the picture
            container.mux(audio.encode(heard))
            container.mux(audio.encode())


def _check_frames(path: Path, frames_THWC: Frames, lossless: bool) -> None:
    if frames_THWC.ndim != 4 or frames_THWC.shape[0] == 0 or frames_THWC.shape[3] != 3:
        raise ValueError(f"video {path}: expected frames [T>0, H, W, 3], got {frames_THWC.shape}")
    height, width = frames_THWC.shape[1:3]
    if not lossless and (height % 2 or width % 2):
        raise ValueError(f"video {path}: a lossy video needs an even height and width, got {height}x{width}")
