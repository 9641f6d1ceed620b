"""The files that annotators leave in a clip's folder for those that come after them, possibly in another environment.

Shape legend: T frames, H W pixels, C = 3 colours (RGB, uint8), K landmarks.
"""

from pathlib import Path

import numpy as np

from data.annotators.annotations import CLIP, MESH_VIDEO, POSE, PRODUCT_MASK
from data.annotators.contracts import Frames, Mask, PoseTrack
from foundation import pictures
from foundation.video_reading import read_video
from foundation.video_writing import write_video


def read_clip(folder: Path) -> tuple[Frames, float]:
    """The clip and its frame rate."""
    return read_video(folder / CLIP)


def write_pose(folder: Path, pose: PoseTrack) -> str:
    np.savez_compressed(
        folder / POSE,
        body=pose.body_TK3,
        left_hand=pose.left_hand_TK3,
        right_hand=pose.right_hand_TK3,
        face=pose.face_TK3,
    )
    return POSE


def read_pose(folder: Path) -> PoseTrack:
    with np.load(_made(folder / POSE, "pose"), allow_pickle=False) as file:
        return PoseTrack(file["body"], file["left_hand"], file["right_hand"], file["face"])


def write_mask(folder: Path, mask_THW: Mask) -> str:
    """A bit a pixel, compressed."""
    np.savez_compressed(folder / PRODUCT_MASK, bits=np.packbits(mask_THW), shape=np.array(mask_THW.shape))
    return PRODUCT_MASK


def read_mask(folder: Path) -> Mask:
    with np.load(_made(folder / PRODUCT_MASK, "product_mask"), allow_pickle=False) as file:
        shape = tuple(int(size) for size in file["shape"])
        return np.unpackbits(file["bits"], count=int(np.prod(shape))).reshape(shape).astype(bool)


def write_mesh(folder: Path, mesh_THWC: Frames, frames_per_second: float) -> str:
    write_video(folder / MESH_VIDEO, mesh_THWC, frames_per_second, lossless=False)
    return MESH_VIDEO


def read_mesh(folder: Path) -> Frames:
    return read_video(_made(folder / MESH_VIDEO, "body_mesh"))[0]


def write_image(folder: Path, name: str, rgb_HWC: Frames) -> str:
    pictures.write_image(folder / name, rgb_HWC)
    return name


def read_image(folder: Path, name: str) -> Frames:
    return pictures.read_image(_made(folder / name, "separation"))[0]


def _made(file: Path, task: str) -> Path:
    if not file.is_file():
        raise ValueError(f"{file} is missing: run the task {task} first")
    return file
