"""Score any videos with the metrics of an evaluation: no registry, no configuration, no network.

    from evaluation.score import score

    scores = score(["mine/a.mp4", "mine/b.mp4"], truth=["true/a.mp4", "true/b.mp4"])
    scores.means["psnr_db"]  # 21.4
    scores.per_video["psnr_db"]  # [22.0, 20.8]
    scores.not_measured["mouth_audio_correlation"]  # "needs the boxes of face, hands and product"

Shape legend: T frames, H W pixels, S audio samples.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.contracts import FrameBoxes
from evaluation.catalogue import not_measured
from evaluation.measure import Versions, measure
from evaluation.measuring.clip import Frames, MeasuredClip
from evaluation.score_videos import video_metrics
from foundation.pictures import read_image
from foundation.sound import read_audio
from foundation.video_reading import read_video

File = str | Path
ON_FILES = "is measured on video files as they are: `graspline score`, or evaluation.score_videos"
FRAMES_PER_SECOND = 25.0  # of videos that are given as arrays


@dataclass(frozen=True)
class Scores:
    """Every metric that could be measured, and why the others could not."""

    means: dict[str, float]  # metric -> mean over the videos that have a value
    per_video: dict[str, list[float]]  # metric -> a value a video, in their order; NaN: this one has none
    not_measured: dict[str, str]  # metric -> what it needs


def score(
    videos: Sequence[File | Frames],
    truth: Sequence[File | Frames] | None = None,
    *,
    audio: Sequence[File | tuple[NDArray[np.float32], int]] | None = None,
    boxes: Sequence[Mapping[int, FrameBoxes]] | None = None,
    person: Sequence[File | Frames] | None = None,
    product: Sequence[File | Frames] | None = None,
) -> Scores:
    """Measure every metric whose needs are met. What is given is given for each video, in the videos' order.

    Frame 0 is taken for the person reference, as in everything generated here, and does not count.

    Args:
        videos: files, or uint8 arrays [T,H,W,3] at 25 frames a second.
        truth: the true clips, of the videos' shapes.
        audio: sound files (a video's file has its own), or samples [S] in -1..1 with their sample rate.
        boxes: of the true clips: frame -> boxes in its pixels.
        person: pictures of the persons, files or uint8 arrays [H,W,3] of the videos' height and width.
        product: pictures of the products on white, of any size; each video's product counts as one of its own.

    Raises:
        ValueError: no video, other things given than one a video, an unreadable file, or shapes that do not fit.
    """
    given = {"truth": truth, "audio": audio, "boxes": boxes, "person": person, "product": product}
    for name, values in given.items():
        if isinstance(videos, str | Path) or not len(videos) or (values is not None and len(values) != len(videos)):
            count = "" if values is None else f", {name} has {len(values)}"
            raise ValueError(f"score takes a list of videos and one of everything else for each{count}")
    clips: list[MeasuredClip] = []
    frames: dict[str, Frames] = {}
    for index, video in enumerate(videos):
        own = {name: None if values is None else values[index] for name, values in given.items()}
        frames[str(index)], clip = _read(index, video, own)
        clips.append(clip)
    versions: Versions = {"model": frames}
    if truth is not None:
        versions = {**versions, "truth": {clip.clip_id: clip.truth for clip in clips if clip.truth is not None}}
    on_files = {name: not_measured(name, ON_FILES) for name in video_metrics()}
    metrics = {**measure(clips, versions), **on_files}
    measured = {name: metric for name, metric in metrics.items() if metric.value is not None}
    return Scores(
        means={name: metric.value for name, metric in measured.items() if metric.value is not None},
        per_video={
            name: [metric.per_clip.get(clip.clip_id, math.nan) for clip in clips] for name, metric in measured.items()
        },
        not_measured={name: metric.note for name, metric in metrics.items() if metric.value is None},
    )


def _read(index: int, video: File | Frames, own: Mapping[str, Any]) -> tuple[Frames, MeasuredClip]:
    frames_THW3, frames_per_second = _video(video)
    person = _picture(own["person"])
    if person is not None and person.shape != frames_THW3.shape[1:]:
        raise ValueError(f"video {index} has frames {frames_THW3.shape[1:]}, its person {person.shape}: give one size")
    sound = own["audio"]
    return frames_THW3, MeasuredClip(
        clip_id=str(index),
        frames_per_second=frames_per_second,
        product_id=str(index),
        truth=None if own["truth"] is None else _video(own["truth"])[0],
        boxes=own["boxes"],
        sound=read_audio(Path(sound)) if isinstance(sound, str | Path) else sound,
        person=person,
        product=_picture(own["product"]),
    )


def _video(video: File | Frames) -> tuple[Frames, float]:
    return read_video(Path(video)) if isinstance(video, str | Path) else (_checked(video, 4), FRAMES_PER_SECOND)


def _picture(picture: File | Frames | None) -> Frames | None:
    if not isinstance(picture, str | Path):
        return None if picture is None else _checked(picture, 3)
    return read_image(Path(picture))[0]


def _checked(array: Frames, dimensions: int) -> Frames:
    if array.dtype != np.uint8 or array.ndim != dimensions or array.shape[-1] != 3:
        shape = "[T,H,W,3]" if dimensions == 4 else "[H,W,3]"
        raise ValueError(f"an array of {array.dtype} {array.shape} is no picture: give uint8 {shape}")
    return array
