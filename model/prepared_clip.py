"""The media of one prepared clip as tensors in -1..1, checked against the clip's record on the way in.

Shape legend: C = 3 colours, T frames, H W pixels, M motion frames.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from data.contracts import ClipFormat, ClipRecord
from data.video_io import read_audio, read_video


@dataclass(frozen=True)
class PreparedClip:
    """What is encoded. None: the clip has no such input."""

    record: ClipRecord
    rgb_1CTHW: Tensor
    hoi_1CTHW: Tensor
    person_1C1HW: Tensor
    product_1C1HW: Tensor | None
    motion_1CMHW: Tensor | None
    pose_1CTHW: Tensor | None
    samples: NDArray[np.float32]


def read_prepared_clip(folder: Path, record: ClipRecord, clip: ClipFormat) -> PreparedClip:
    """Read every file the record names.

    Args:
        folder: datasets/prepared/<batch>.
        record: one line of its manifest.
        clip: the format every prepared clip has.

    Raises:
        ValueError: a file is missing, unreadable, or not of the clip format (names clip, field and fix).
    """

    def video(field: str, frames: int) -> Tensor:
        return _video(folder, record, field, (frames, clip.height, clip.width))

    return PreparedClip(
        record=record,
        rgb_1CTHW=video("video", clip.frames),
        hoi_1CTHW=video("hoi_video", clip.frames),
        person_1C1HW=_image(folder, record, "person_image", clip),
        product_1C1HW=_image(folder, record, "product_image", clip) if record.product_image else None,
        motion_1CMHW=video("motion_video", clip.motion_frames) if record.motion_video else None,
        pose_1CTHW=video("pose_video", clip.frames) if record.pose_video else None,
        samples=_samples(folder, record, clip),
    )


def pixels_to_unit(frames_THWC: NDArray[np.uint8]) -> Tensor:
    """uint8 [T,H,W,3] -> fp32 [1,3,T,H,W] in -1..1."""
    return torch.from_numpy(frames_THWC.copy()).permute(3, 0, 1, 2)[None].float() / 127.5 - 1


def _video(folder: Path, record: ClipRecord, field: str, expected: tuple[int, int, int]) -> Tensor:
    frames_THWC, _ = read_video(folder / getattr(record, field))
    _check(record, field, frames_THWC.shape[:3], expected)
    return pixels_to_unit(frames_THWC)


def _image(folder: Path, record: ClipRecord, field: str, clip: ClipFormat) -> Tensor:
    with Image.open(folder / getattr(record, field)) as picture:
        pixels_1HWC = np.asarray(picture.convert("RGB"))[None]
    _check(record, field, pixels_1HWC.shape[:3], (1, clip.height, clip.width))
    return pixels_to_unit(pixels_1HWC)


def _samples(folder: Path, record: ClipRecord, clip: ClipFormat) -> NDArray[np.float32]:
    samples, samples_per_second = read_audio(folder / record.audio)
    expected = round(clip.frames * clip.audio_samples_per_second / clip.frames_per_second)
    _check(record, "audio", (len(samples), samples_per_second), (expected, clip.audio_samples_per_second))
    return samples


def _check(record: ClipRecord, field: str, found: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if tuple(found) != expected:
        raise ValueError(
            f"clip {record.clip_id} | field {field} | is {found}, expected {expected} | fix: prepare the batch again"
        )
