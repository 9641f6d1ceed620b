"""Boxes against what a detector sees: the offline annotators look at some of the delivered clips.

They live in an environment of their own (`make setup-annotators`) and take seconds to minutes a clip, so this is asked
for and not part of every preparation; what moves is compared with the boxes always (data/validation/clip_timing.py).
"""

import shutil
import tempfile
from pathlib import Path
from statistics import fmean

import numpy as np

from data.annotators.annotations import CLIP
from data.annotators.config import AnnotationConfig
from data.annotators.launch import annotate
from data.clips.manifest import inside
from data.contracts import ClipRecord, FrameBoxes
from data.preparation.prepare_clips import read_raw
from data.validation.clip_timing import SEARCHED
from data.versions.batch_entry import RAW, BatchEntry
from foundation.clip_format import Box
from foundation.geometry import box_iou

FEWEST = 3  # frames on which both see the thing: fewer prove nothing
Seen = dict[str, dict[str, float]]


def detect_boxes(batch: str, entry: BatchEntry, looked_at: int) -> Seen:
    """Mean IoU of the delivered boxes with the detector's, for clips spread over a raw batch.

    Returns:
        clip id -> {detector_face_iou, detector_hand_iou, detector_lag, detector_lag_gain}; what too few frames show is
        left out.

    Raises:
        ValueError: the annotators are not installed, or the raw batch is not there.
    """
    folder = RAW / batch
    if not folder.is_dir():
        raise ValueError(f"{folder} is missing, and a detector looks at clips as they were delivered: `dvc pull` it")
    records, _ = read_raw(folder, entry)
    chosen = np.unique(np.linspace(0, len(records) - 1, looked_at).round().astype(int))
    return {records[index].clip_id: _agreement(folder, records[index]) for index in chosen}


def _agreement(folder: Path, record: ClipRecord) -> dict[str, float]:
    video = inside(folder, record.video)
    if video is None or not video.is_file():
        return {}  # preparation names it
    with tempfile.TemporaryDirectory(prefix="graspline_") as aside:
        shutil.copyfile(video, Path(aside) / CLIP)
        seen = annotate(Path(aside), AnnotationConfig(), lambda _line: None, ("pose", "regions")).boxes
    return compare_boxes(record.boxes, seen)


def compare_boxes(delivered: dict[int, FrameBoxes], seen: dict[int, FrameBoxes]) -> dict[str, float]:
    """Mean IoU on the frames where both have the part; hands count together, each with the same hand.

    Also how many frames the boxes are ahead of what the detector sees, with the gain in IoU over no lag.
    """
    parts = {"detector_face_iou": ("face",), "detector_hand_iou": ("left_hand", "right_hand")}
    means: dict[str, float] = {}
    for name, kinds in parts.items():
        pairs = [pair for kind in kinds for pair in _pairs(delivered, seen, kind)]
        if len(pairs) >= FEWEST:
            means[name] = round(fmean(box_iou(*pair) for pair in pairs), 4)
    return {**means, **(_lag(delivered, seen) if means else {})}


def _lag(delivered: dict[int, FrameBoxes], seen: dict[int, FrameBoxes]) -> dict[str, float]:
    means: dict[int, float] = {}
    for lag in sorted(range(-SEARCHED, SEARCHED + 1), key=abs):
        shifted = {frame - lag: boxes for frame, boxes in seen.items()}
        pairs = [pair for kind in ("face", "left_hand", "right_hand") for pair in _pairs(delivered, shifted, kind)]
        if len(pairs) >= FEWEST:
            means[lag] = fmean(box_iou(*pair) for pair in pairs)
    best = max(means, key=lambda lag: means[lag])
    return {"detector_lag": best, "detector_lag_gain": round(means[best] - means.get(0, 0.0), 4)}


def _pairs(delivered: dict[int, FrameBoxes], seen: dict[int, FrameBoxes], kind: str) -> list[tuple[Box, Box]]:
    both = [(getattr(boxes, kind), getattr(seen.get(frame, FrameBoxes()), kind)) for frame, boxes in delivered.items()]
    return [(one, other) for one, other in both if one is not None and other is not None]
