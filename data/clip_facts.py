"""What is measured on one prepared clip, for validation: its files are opened once more, as training will open them."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from data.contracts import ClipRecord
from data.region_boxes import expected_frames
from data.structure_video import structure_share
from data.video_io import probe_video, read_audio, read_video


@dataclass(frozen=True)
class ClipFacts:
    """One row of the table that validation judges. A clip without motion or pose video has -1 frames of it."""

    clip_id: str
    prompt: str
    rgb_frames: int
    rgb_frames_per_second: float
    rgb_size: str  # "96x64": height x width
    hoi_frames: int
    hoi_frames_per_second: float
    hoi_size: str
    structure_share: float  # share of the structure video's pixels that are not black
    audio_samples_per_second: int
    audio_seconds: float
    motion_frames: int
    pose_frames: int
    box_frames: str  # "2 6 10 14": frames that carry boxes
    face_share: float  # share of the expected frames with a face box
    hand_share: float  # share of the expected frames with at least one hand box
    content_sha256: str  # of the prepared video


def measure(folder: Path, record: ClipRecord) -> ClipFacts:
    """Open a prepared clip's files and count.

    Raises:
        ValueError: a file that was just written cannot be read.
    """
    rgb_THWC, rgb_rate = read_video(folder / record.video)
    hoi_THWC, hoi_rate = read_video(folder / record.hoi_video)
    samples_S, audio_rate = read_audio(folder / record.audio)
    frames = expected_frames(record.frames)
    boxes = [record.boxes[frame] for frame in frames if frame in record.boxes]
    return ClipFacts(
        clip_id=record.clip_id,
        prompt=record.prompt.strip(),
        rgb_frames=len(rgb_THWC),
        rgb_frames_per_second=rgb_rate,
        rgb_size=f"{rgb_THWC.shape[1]}x{rgb_THWC.shape[2]}",
        hoi_frames=len(hoi_THWC),
        hoi_frames_per_second=hoi_rate,
        hoi_size=f"{hoi_THWC.shape[1]}x{hoi_THWC.shape[2]}",
        structure_share=structure_share(hoi_THWC),
        audio_samples_per_second=audio_rate,
        audio_seconds=len(samples_S) / audio_rate,
        motion_frames=_frames(folder, record.motion_video),
        pose_frames=_frames(folder, record.pose_video),
        box_frames=" ".join(map(str, sorted(record.boxes))),
        face_share=sum(found.face is not None for found in boxes) / len(frames),
        hand_share=sum(bool(found.left_hand or found.right_hand) for found in boxes) / len(frames),
        content_sha256=sha256((folder / record.video).read_bytes()).hexdigest(),
    )


def _frames(folder: Path, video: str | None) -> int:
    return probe_video(folder / video)[0] if video else -1
