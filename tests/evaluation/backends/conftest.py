"""Small videos with what belongs to them, as files, and a backend's answer on one of them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from evaluation.backends.contracts import Answer, Backend
from evaluation.backends.video import Frames, Video, VideoClip
from foundation.sound import write_audio
from foundation.video_writing import write_video

MakeClip = Callable[..., VideoClip]


@pytest.fixture(scope="session")
def moving() -> Frames:
    """Six frames of 64x48: a bright square moves over a pattern."""
    y, x = np.indices((64, 48))
    ground = (110 + 60 * np.sin(x / 3) * np.cos(y / 4)).astype(np.uint8)
    frames = np.repeat(ground[None, :, :, None], 6, axis=0).repeat(3, axis=3)
    for frame in range(6):
        frames[frame, 20:34, 6 + 2 * frame : 20 + 2 * frame] = (230, 60, 40)
    return frames


@pytest.fixture
def make_clip(tmp_path: Path, moving: Frames) -> MakeClip:
    """A clip on disk: its frames, with a person and a product picture, and sound where asked."""

    def make(clip_id: str = "a", frames: Frames = moving, sound: bool = False, references: bool = True) -> VideoClip:
        write_video(tmp_path / f"{clip_id}.mp4", frames, 25, lossless=True)
        files: dict[str, str] = {"video": str(tmp_path / f"{clip_id}.mp4")}
        if references:
            product = np.full((64, 64, 3), 255, np.uint8)
            product[16:48, 16:48] = (230, 60, 40)
            for name, picture in (("person", frames[0]), ("product", product)):
                files[name] = str(tmp_path / f"{clip_id}_{name}.png")
                Image.fromarray(picture).save(files[name])
        if sound:
            files["audio"] = str(tmp_path / f"{clip_id}.wav")
            write_audio(Path(files["audio"]), np.sin(np.arange(16_000) / 9).astype(np.float32) / 2)
        return VideoClip(clip_id=clip_id, prompt="moves the square", **files)

    return make


@pytest.fixture
def answer(make_clip: MakeClip) -> Callable[..., Answer]:
    """What a backend says of a clip with these frames."""
    return lambda backend, *frames: measured(backend, make_clip("measured", *frames))


def measured(backend: Backend, clip: VideoClip) -> Answer:
    return backend.measure(Video(clip))
