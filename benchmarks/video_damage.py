"""Damaged copies of stretches of real videos, to ask metrics whether they notice; benchmarks.video_proxies starts it.

    .venv-annotators/bin/python -m benchmarks.video_damage JOB.json

JOB.json is a DamageJob. Every copy, the undamaged one too, is written by the same encoder. Hands are found by the same
tool that the stand-in for hand quality uses, and bent where they are: the bend is what is planted, not the finding.

Shape legend: T frames, H W pixels, 2 = x, y.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from evaluation.backends.config import ScoringConfig
from foundation.video_reading import read_video
from foundation.video_writing import write_video

Frames = NDArray[np.uint8]
SEED = 0
BLUR, NOISE, GAIN = 2.5, 12.0, 0.05  # deviation in pixels; in levels of 255; of a frame's brightness
BEND = 0.18  # of a hand's longer side, by which its parts are displaced
BEND_PERIODS = 2.0  # of the bend across a hand


class Stretch(BaseModel, frozen=True):
    """So many frames of a video, from the first on."""

    name: str
    video: str
    first: int
    frames: int


class DamageJob(BaseModel, frozen=True):
    """Writes FOLDER/<damage>/<stretch>.mp4 for each."""

    stretches: list[Stretch]
    damages: list[str]
    folder: str


def undamaged(frames_THW3: Frames) -> Frames:
    return frames_THW3


def blurred(frames_THW3: Frames) -> Frames:
    return np.stack([cv2.GaussianBlur(frame, (0, 0), BLUR) for frame in frames_THW3]).astype(np.uint8)


def noisy(frames_THW3: Frames) -> Frames:
    draw = np.random.default_rng(SEED)
    noise = draw.normal(0, NOISE, frames_THW3.shape).astype(np.float32)
    return (frames_THW3 + noise).clip(0, 255).astype(np.uint8)


def flicker(frames_THW3: Frames) -> Frames:
    """Each frame brighter or darker by its own factor."""
    gain_T = np.random.default_rng(SEED).normal(1, GAIN, len(frames_THW3)).astype(np.float32)
    return (frames_THW3 * gain_T[:, None, None, None]).clip(0, 255).astype(np.uint8)


def warped_hands(frames_THW3: Frames) -> Frames:
    """Every hand that is found is bent by waves; the rest of the picture stays."""
    from evaluation.backends.tools import hands  # of the annotators' environment; whoever starts this lacks it

    found = hands.build(ScoringConfig()).find(frames_THW3)
    return np.stack([_bent(frame, here) for frame, here in zip(frames_THW3, found, strict=True)])


def _bent(frame_HW3: Frames, found: list[NDArray[np.float32]]) -> Frames:
    rows_HW, columns_HW = np.indices(frame_HW3.shape[:2], np.float32)
    moved_x, moved_y = columns_HW.astype(np.float64), rows_HW.astype(np.float64)
    for hand_K2 in found:
        centre, side = hand_K2.mean(axis=0), float(np.ptp(hand_K2, axis=0).max())
        inside_HW = np.exp(-((((columns_HW - centre[0]) ** 2 + (rows_HW - centre[1]) ** 2) / (0.6 * side) ** 2) ** 2))
        turn = 2 * np.pi * BEND_PERIODS / side
        moved_x += BEND * side * inside_HW * np.sin(turn * (rows_HW - centre[1]))
        moved_y += BEND * side * inside_HW * np.sin(turn * (columns_HW - centre[0]))
    at_x, at_y = np.asarray(moved_x, np.float32), np.asarray(moved_y, np.float32)
    return np.asarray(cv2.remap(frame_HW3, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


DAMAGES: dict[str, Callable[[Frames], Frames]] = {
    "clean": undamaged,
    "blurred": blurred,
    "noisy": noisy,
    "warped_hands": warped_hands,
    "flicker": flicker,
}


def main() -> None:
    job = DamageJob.model_validate_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
    for stretch in job.stretches:
        frames_THW3, rate = read_video(Path(stretch.video), limit=stretch.first + stretch.frames)
        part_THW3 = frames_THW3[stretch.first :]
        for damage in job.damages:
            write_video(Path(job.folder) / damage / f"{stretch.name}.mp4", DAMAGES[damage](part_THW3), rate)


if __name__ == "__main__":
    main()
