"""One stretch of footage -> one clip in the raw batch: cut, brought to 25 frames a second, annotated, and looked at.

The cheap annotators come first (who is there, face and hands), then the product, then the rest: a stretch is rejected
as soon as a rule is broken. A clip's folder appears under its name when it is whole.
"""

import json
import shutil
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.annotators.annotations import Annotations
from data.annotators.config import Task
from data.annotators.launch import AnnotationError, annotate
from data.contracts import ClipRecord, Provenance
from data.sources.raw_video import RawVideoBatch
from data.sources.raw_video.rejected import Rejection
from data.sources.raw_video.sidecar import FootageEntry
from data.sources.raw_video.stretches import Stretch
from foundation.child_process import OnLine
from foundation.clip_format import ClipFormat
from foundation.footage import SOUND_RATE, Footage
from foundation.media_files import MediaError
from foundation.pictures import read_image, write_image
from foundation.sound import write_audio
from foundation.video_writing import write_video
from foundation.whole_file import write_whole

PEOPLE: tuple[Task, ...] = ("pose", "regions")
PRODUCT: tuple[Task, ...] = ("product_mask",)
REST: tuple[Task, ...] = ("body_mesh", "structure", "separation", "triplet")
CUT_HERE = Provenance(tool="graspline", version="0.1.0", licence="Apache-2.0")
ANNOTATOR_FAILED = "annotator_failed"
OUT_OF_ROOM = ("No space left", "File too large", "MemoryError", "allocate memory", "exit code -9")


class Fault(NamedTuple):
    """A rule that a clip breaks, as a line of rejected.jsonl has it."""

    reason: str
    value: float
    threshold: float
    evidence: dict[str, float] | None = None


@dataclass(frozen=True)
class Setting:
    """What all clips of a delivery share."""

    footage: Path
    config: RawVideoBatch
    clip: ClipFormat


@dataclass(frozen=True)
class CutJob:
    """One stretch, what is known of its video, and where its clip goes."""

    stretch: Stretch
    clip_id: str
    entry: FootageEntry
    folder: Path  # the raw batch
    sound: Path  # the whole file's sound, int16 at 16 kHz, in step with its pictures
    setting: Setting

    @property
    def target(self) -> Path:
        return self.folder / "clips" / self.clip_id

    @property
    def video(self) -> Footage:
        return Footage(
            self.setting.footage / self.stretch.video, self.entry.frames_per_second, self.setting.config.limits
        )


def cut_clip(job: CutJob, on_line: OnLine) -> ClipRecord | Rejection:
    """Make one clip, or the reason why there is none.

    Raises:
        ValueError: the annotators are not installed, or have no room to work.
    """
    workplace = job.target.with_name(f".{job.clip_id}")
    shutil.rmtree(workplace, ignore_errors=True)
    workplace.mkdir(parents=True)
    try:
        _cut(job, workplace)
        result = _annotate(job, workplace, on_line)
    except MediaError as error:
        result = job.stretch.rejection(error.reason, error.fault)
    except AnnotationError as error:
        if any(sign in str(error) for sign in OUT_OF_ROOM):
            raise ValueError(f"an annotator ran out of disk or memory: {error}: make room and run again") from error
        result = job.stretch.rejection(ANNOTATOR_FAILED, str(error).removeprefix(f"{workplace}: "))
    if isinstance(result, Rejection):
        shutil.rmtree(workplace)
        return result
    shutil.rmtree(job.target, ignore_errors=True)
    workplace.rename(job.target)
    return _record(job, result)


def _cut(job: CutJob, workplace: Path) -> None:
    """rgb.mp4, motion.mp4, audio.wav and product.png of one clip."""
    stretch, clip = job.stretch, job.setting.clip
    first = stretch.first_frame - clip.motion_frames
    pictures = job.video.resampled(
        clip.frames_per_second, first, clip.motion_frames + clip.frames, job.setting.config.short_side_pixels
    )
    if clip.motion_frames:
        motion_THWC = np.stack(list(islice(pictures, clip.motion_frames)))
        write_video(workplace / "motion.mp4", motion_THWC, clip.frames_per_second, lossless=False)
        del motion_THWC  # a clip and its motion need not be in memory together
    write_video(workplace / "rgb.mp4", np.stack(list(pictures)), clip.frames_per_second, lossless=False)
    write_audio(workplace / "audio.wav", _sound(job), SOUND_RATE)
    if job.entry.product_image:
        _write_product(job, workplace / "product.png")
    write_whole(workplace / "footage.json", _origin(stretch))


def _sound(job: CutJob) -> NDArray[np.float32]:
    """The clip's own sound, exactly as long as its pictures; silence where the recording ended before."""
    first = round(job.stretch.from_seconds * SOUND_RATE)
    count = round(job.stretch.frames * SOUND_RATE / job.stretch.frames_per_second)
    samples_S = np.load(job.sound, mmap_mode="r")[first : first + count].astype(np.float32) / 32767
    return np.pad(samples_S, (0, count - len(samples_S)))


def _annotate(job: CutJob, workplace: Path, on_line: OnLine) -> Annotations | Rejection:
    config = job.setting.config
    for tasks, judge in ((PEOPLE, people_fault), (PRODUCT, product_fault)):
        if fault := judge(annotate(workplace, config.annotation, on_line, tasks), config):
            return job.stretch.rejection(*fault)
    annotations = annotate(workplace, config.annotation, on_line, REST)
    fault = score_fault(annotations, config)
    return job.stretch.rejection(*fault) if fault else annotations


def people_fault(annotations: Annotations, config: RawVideoBatch) -> Fault | None:
    """One person, whose face and hands are seen."""
    rules = config.rules
    if annotations.people is not None and annotations.people > rules.people:
        return Fault("several_people", annotations.people, rules.people)
    hands = annotations.share("left_hand", "right_hand")
    if (face := annotations.share("face")) < rules.face_share:
        return Fault("no_face", face, rules.face_share)
    return Fault("no_hand", hands, rules.hand_share) if hands < rules.hand_share else None


def product_fault(annotations: Annotations, config: RawVideoBatch) -> Fault | None:
    """The product is there, at least once together with the face, which references are made from, and surely it."""
    share, least = annotations.share("product"), config.rules.product_share
    together = any(boxes.face and boxes.product for boxes in annotations.boxes.values())
    if share < least or not together:
        return Fault("no_product", share, least)
    sure, enough = annotations.product_confidence or 0.0, config.rules.product_confidence
    return None if sure >= enough else Fault("product_unsure", sure, enough, annotations.product_evidence or None)


def score_fault(annotations: Annotations, config: RawVideoBatch) -> Fault | None:
    """The references fit the clip. A score that a tool could not give breaks the rule."""
    for score, threshold, reason in (
        (annotations.person_score, config.rules.person_score, "person_mismatch"),
        (annotations.product_score, config.rules.product_score, "product_mismatch"),
    ):
        if threshold > 0 and (score is None or score < threshold):
            return Fault(reason, -1.0 if score is None else round(score, 4), threshold)
    left, most = annotations.product_left or 0.0, config.rules.product_left
    return Fault("product_not_removed", left, most) if left > most else None


def _record(job: CutJob, annotations: Annotations) -> ClipRecord:
    home, entry, clip = f"clips/{job.clip_id}", job.entry, job.setting.clip
    return ClipRecord(
        clip_id=job.clip_id,
        prompt=entry.prompt,
        person_id=entry.person_id,
        product_id=entry.product_id,
        video=f"{home}/rgb.mp4",
        hoi_video=f"{home}/{annotations.hoi_video}",
        audio=f"{home}/audio.wav",
        person_image=f"{home}/{annotations.person_image}",
        product_image=f"{home}/{annotations.product_image}",
        motion_video=f"{home}/motion.mp4" if clip.motion_frames else None,
        frames=clip.frames,
        frames_per_second=float(clip.frames_per_second),
        height=annotations.height,
        width=annotations.width,
        boxes=annotations.supervised_boxes(),
        licence=entry.licence,
        consent_date=entry.consent_date,
        provenance={"video": CUT_HERE, "audio": CUT_HERE, **annotations.provenance},
    )


def _origin(stretch: Stretch) -> str:
    """footage.json: where in which file this clip comes from, and what was measured there."""
    seconds = {"from_seconds": stretch.from_seconds, "to_seconds": stretch.to_seconds}
    return json.dumps({"video": stretch.video, **seconds, **stretch.measured}, indent=1)


def _write_product(job: CutJob, target: Path) -> None:
    source = job.setting.footage / str(job.entry.product_image)
    try:
        picture_1HWC = read_image(source, job.setting.config.limits)
    except MediaError as error:
        raise MediaError(source, "unreadable_product_image", f"{source.name} {error.fault}") from error
    write_image(target, picture_1HWC[0])
