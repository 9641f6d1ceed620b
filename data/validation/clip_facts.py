"""What is measured on one prepared clip, for validation: its files are opened once more, as training will open them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data.clips.region_boxes import expected_frames
from data.clips.structure_video import structure_share
from data.contracts import ClipRecord
from data.validation.clip_fingerprint import fingerprint
from data.validation.clip_timing import Lag, boxes_lag, grey_grid, structure_lag
from foundation.digests import file_sha256
from foundation.sound import read_audio
from foundation.video_frames import Frames
from foundation.video_reading import probe_video, read_video


@dataclass(frozen=True)
class ClipFacts:
    """One row of the table that validation judges. A clip without motion or pose video has -1 frames of it.

    Lags are in frames: how far structure video or boxes are ahead of what they describe; each with the correlation's
    gain over no lag.
    """

    clip_id: str
    prompt: str
    person_id: str
    product_id: str
    licence: str
    consent_date: str  # 2026-11-23; "" where none is known
    rgb_frames: int
    rgb_frames_per_second: float
    rgb_size: str  # "96x64": height x width
    hoi_frames: int
    hoi_frames_per_second: float
    hoi_size: str
    structure_share: float  # share of the structure video's pixels that are not black
    structure_lag: int
    structure_lag_gain: float
    structure_agreement: float  # correlation of its motion with the picture's at that lag
    picture_boxes_lag: int  # boxes against the picture
    picture_boxes_lag_gain: float
    structure_boxes_lag: int  # boxes against the structure video
    structure_boxes_lag_gain: float
    audio_samples_per_second: int
    audio_seconds: float
    audio_peak: float  # largest sample, full scale is 1
    motion_frames: int
    pose_frames: int
    box_frames: str  # "2 6 10 14": frames that carry boxes
    face_share: float  # share of the expected frames with a face box
    hand_share: float  # share of the expected frames with at least one hand box
    product_share: float  # share with a box of the product; 1 for a clip without product reference
    content_sha256: str  # of the prepared video
    fingerprint: str  # data.validation.clip_fingerprint: what it looks like and how it moves


def measure(folder: Path, record: ClipRecord, decoded: Mapping[str, Frames] | None = None) -> ClipFacts:
    """Open a prepared clip's files and count.

    Args:
        folder: of the prepared batch.
        record: the prepared clip.
        decoded: field -> its frames, where the prepared file is byte for byte one that was decoded just now.

    Raises:
        ValueError: a file that was just written cannot be read.
    """
    known = decoded or {}
    rgb_THWC, rgb_rate = _frames_of(folder, record, "video", known)
    hoi_THWC, hoi_rate = _frames_of(folder, record, "hoi_video", known)
    samples_S, audio_rate = read_audio(folder / record.audio)
    rgb_Thw, hoi_Thw = grey_grid(rgb_THWC), grey_grid(hoi_THWC)
    structure = structure_lag(rgb_Thw, hoi_Thw)
    on_picture = boxes_lag(rgb_Thw, record.boxes, record.height, record.width)
    on_structure = boxes_lag(hoi_Thw, record.boxes, record.height, record.width)
    return ClipFacts(
        clip_id=record.clip_id,
        prompt=record.prompt.strip(),
        person_id=record.person_id,
        product_id=record.product_id,
        licence=record.licence.strip(),
        consent_date=record.consent_date.isoformat() if record.consent_date else "",
        rgb_frames=len(rgb_THWC),
        rgb_frames_per_second=rgb_rate,
        rgb_size=f"{rgb_THWC.shape[1]}x{rgb_THWC.shape[2]}",
        hoi_frames=len(hoi_THWC),
        hoi_frames_per_second=hoi_rate,
        hoi_size=f"{hoi_THWC.shape[1]}x{hoi_THWC.shape[2]}",
        structure_share=structure_share(hoi_THWC),
        **_lag("structure", structure),
        structure_agreement=round(structure.agreement, 4),
        **_lag("picture_boxes", on_picture),
        **_lag("structure_boxes", on_structure),
        audio_samples_per_second=audio_rate,
        audio_seconds=len(samples_S) / audio_rate,
        audio_peak=float(np.abs(samples_S).max()),
        motion_frames=_frames(folder, record.motion_video),
        pose_frames=_frames(folder, record.pose_video),
        **_box_shares(record),
        content_sha256=file_sha256(folder / record.video),
        fingerprint=fingerprint(rgb_THWC),
    )


def _lag(name: str, lag: Lag) -> dict[str, Any]:
    return {f"{name}_lag": lag.frames, f"{name}_lag_gain": round(lag.gain, 4)}


def _box_shares(record: ClipRecord) -> dict[str, Any]:
    frames = expected_frames(record.frames)
    boxes = [record.boxes[frame] for frame in frames if frame in record.boxes]
    products = sum(parts.product is not None for parts in boxes) if record.product_image else len(frames)
    return {
        "box_frames": " ".join(map(str, sorted(record.boxes))),
        "face_share": sum(parts.face is not None for parts in boxes) / len(frames),
        "hand_share": sum(bool(parts.left_hand or parts.right_hand) for parts in boxes) / len(frames),
        "product_share": products / len(frames),
    }


def _frames_of(folder: Path, record: ClipRecord, field: str, known: Mapping[str, Frames]) -> tuple[Frames, float]:
    path = folder / getattr(record, field)
    return (known[field], probe_video(path)[1]) if field in known else read_video(path)


def _frames(folder: Path, video: str | None) -> int:
    return probe_video(folder / video)[0] if video else -1
