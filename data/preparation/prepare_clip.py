"""One raw clip -> one prepared clip: cut to length, resized to cover, cropped, its sound at 16 kHz and exactly as long.

A video or sound that already has the clip format is copied, not made again; a picture is always written again, since
only what the reader saw of it (upright, without what lies under transparency) may go on.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from data.clips.manifest import MEDIA_FIELDS, inside
from data.clips.region_boxes import expected_frames
from data.clips.structure_video import check_aligned
from data.contracts import ClipRecord
from data.validation.clip_facts import ClipFacts, measure
from foundation.clip_format import ClipFormat
from foundation.failures import ClipError, full_disk_named, refuse
from foundation.geometry import CoverCrop, cover
from foundation.media_limits import LIMITS, MediaLimits
from foundation.pictures import read_image, write_image
from foundation.sound import is_plain_wav, read_audio, write_audio
from foundation.video_frames import same_rate
from foundation.video_reading import probe_video, read_video
from foundation.video_writing import write_video

# T frames, H height, W width, C = 3 colours (RGB), S audio samples
Frames = NDArray[np.uint8]


@dataclass(frozen=True)
class ClipJob:
    """One clip and where it goes."""

    record: ClipRecord
    raw: Path
    prepared: Path
    clip: ClipFormat
    accepted_rates: tuple[float, ...]  # frames a second a container may state
    limits: MediaLimits = LIMITS

    @property
    def relative_folder(self) -> str:
        return f"clips/{self.record.clip_id}"

    @property
    def folder(self) -> Path:
        return self.prepared / self.relative_folder

    def source(self, field: str) -> Path:
        """The raw file of a field, which must lie in the batch's folder."""
        name: str = getattr(self.record, field)
        path = inside(self.raw, name)
        if path is None or not path.is_file():
            raise self.refuse(field, name, "the file exists in the batch's folder", "deliver it or drop the clip")
        return path

    def refuse(self, field: str, value: object, rule: str, fix: str) -> ClipError:
        """The error to raise: the clip cannot be used at all."""
        return refuse(self.record.clip_id, field, value, rule, fix)


def prepare_clip(job: ClipJob) -> tuple[ClipRecord, ClipFacts]:
    """Write one clip into clips/<clip_id>/.

    Returns:
        Its prepared record, and what was measured on the prepared files for validation.

    Raises:
        ClipError: the clip cannot be used at all, or changed while it was read.
        ValueError: the disk is full.
    """
    before = _stamps(job)
    with full_disk_named(job.folder):
        result = _prepare(job)
    if changed := [field for field, stamp in _stamps(job).items() if stamp != before[field]]:
        rule = "the file stays as it is while it is read"
        fix = "wait until nobody writes to the batch, and prepare it again"
        raise job.refuse(changed[0], getattr(job.record, changed[0]), rule, fix)
    return result


def _prepare(job: ClipJob) -> tuple[ClipRecord, ClipFacts]:
    record, clip = job.record, job.clip
    job.folder.mkdir(parents=True, exist_ok=True)
    source_THWC = _read(job, "video")
    _check_record(job, source_THWC)
    hoi_THWC = _read(job, "hoi_video")
    check_aligned(record.clip_id, hoi_THWC, source_THWC)
    crop = CoverCrop(record.height, record.width, clip.height, clip.width)
    rgb_THWC, structure_THWC = (
        crop.frames(_first(job, "video", source_THWC)),
        crop.frames(_first(job, "hoi_video", hoi_THWC)),
    )
    media = {
        "video": _write_video(job, "video", "rgb.mp4", rgb_THWC),
        "hoi_video": _write_video(job, "hoi_video", "hoi.mp4", structure_THWC),
        "audio": _write_audio(job),
        "person_image": _write_image(job, "person_image", "person.png"),
        **_optional_media(job, crop),
    }
    prepared = ClipRecord.model_validate({**record.model_dump(), **media, **_format(job, crop)})
    decoded = {"video": rgb_THWC, "hoi_video": structure_THWC}
    copied = {field: frames_THWC for field, frames_THWC in decoded.items() if _is_copied(job, field, frames_THWC)}
    return prepared, measure(job.prepared, prepared, copied)


def _stamps(job: ClipJob) -> dict[str, tuple[int, ...]]:
    """What tells that a file was written to, for every field that names one that is there."""
    named = {field: getattr(job.record, field) for field in MEDIA_FIELDS}
    stats = {field: (job.raw / name).stat() for field, name in named.items() if name and (job.raw / name).is_file()}
    return {field: (stat.st_size, stat.st_mtime_ns, stat.st_ino) for field, stat in stats.items()}


def _optional_media(job: ClipJob, crop: CoverCrop) -> dict[str, str | None]:
    record, clip = job.record, job.clip
    product = _write_image(job, "product_image", "product.png") if record.product_image else None
    motion = pose = None
    if record.motion_video and clip.motion_frames:
        motion_THWC = cover(_last(job, _read(job, "motion_video")), clip.height, clip.width)
        motion = _write_video(job, "motion_video", "motion.mp4", motion_THWC)
    if record.pose_video:
        pose_THWC = crop.frames(_first(job, "pose_video", _read(job, "pose_video")))
        pose = _write_video(job, "pose_video", "pose.mp4", pose_THWC)
    return {"product_image": product, "motion_video": motion, "pose_video": pose}


def _format(job: ClipJob, crop: CoverCrop) -> dict[str, object]:
    clip = job.clip
    cut_off = set(expected_frames(job.record.frames)) - set(expected_frames(clip.frames))
    boxes = {frame: crop.boxes(parts) for frame, parts in job.record.boxes.items() if frame not in cut_off}
    rate = float(clip.frames_per_second)
    size = {"height": clip.height, "width": clip.width}
    return {"frames": clip.frames, "frames_per_second": rate, "boxes": boxes, **size}


def _read(job: ClipJob, field: str) -> Frames:
    source = job.source(field)
    try:
        frames_THWC, rate = read_video(source, limits=job.limits)
    except ValueError as error:
        raise _unreadable(job, field, error) from error
    if not _is_accepted(job, rate, len(frames_THWC)):
        rule = f"{' or '.join(f'{accepted:g}' for accepted in job.accepted_rates)} expected"
        fix = f"convert it to {job.clip.frames_per_second} frames a second"
        raise job.refuse(field, f"container states {rate:g} frames a second", rule, fix)
    return frames_THWC


def _is_accepted(job: ClipJob, rate: float, frames: int) -> bool:
    return any(same_rate(rate, accepted, frames) for accepted in job.accepted_rates)


def _first(job: ClipJob, field: str, frames_THWC: Frames) -> Frames:
    if len(frames_THWC) < job.clip.frames:
        fix = "deliver a longer clip, or lower clip.frames in conf/data"
        raise job.refuse(field, f"{len(frames_THWC)} frames", f"at least {job.clip.frames}", fix)
    return frames_THWC[: job.clip.frames]


def _last(job: ClipJob, frames_THWC: Frames) -> Frames:
    wanted = job.clip.motion_frames
    if len(frames_THWC) < wanted:
        fix = "deliver more of what came before, or lower clip.motion_frames in conf/data"
        raise job.refuse("motion_video", f"{len(frames_THWC)} frames", f"at least {wanted}", fix)
    return frames_THWC[-wanted:]


def _write_video(job: ClipJob, field: str, name: str, frames_THWC: Frames) -> str:
    source, target = job.source(field), job.folder / name
    if _is_copied(job, field, frames_THWC):
        shutil.copyfile(source, target)
    else:
        write_video(target, frames_THWC, job.clip.frames_per_second, lossless=job.clip.lossless)
    return f"{job.relative_folder}/{name}"


def _is_copied(job: ClipJob, field: str, frames_THWC: Frames) -> bool:
    """Whether the delivered file is the prepared one, which then need not be decoded again."""
    source, size = job.source(field), frames_THWC.shape[1:3]
    wanted = (len(frames_THWC), float(job.clip.frames_per_second), *size)
    return source.suffix == ".mp4" and probe_video(source, job.limits) == wanted


def _write_image(job: ClipJob, field: str, name: str) -> str:
    source, target = job.source(field), job.folder / name
    try:
        picture_1HWC = read_image(source, job.limits)
    except ValueError as error:
        raise _unreadable(job, field, error) from error
    write_image(target, cover(picture_1HWC, job.clip.height, job.clip.width)[0])
    return f"{job.relative_folder}/{name}"


def _write_audio(job: ClipJob) -> str:
    source, clip = job.source("audio"), job.clip
    try:
        samples_S, rate = read_audio(source, limits=job.limits)
    except ValueError as error:
        raise _unreadable(job, "audio", error) from error
    wanted_rate = clip.audio_samples_per_second
    wanted = round(clip.frames * wanted_rate / clip.frames_per_second)
    if len(samples_S) == wanted and is_plain_wav(source, wanted_rate):
        shutil.copyfile(source, job.folder / "audio.wav")
        return f"{job.relative_folder}/audio.wav"
    if rate != wanted_rate:
        samples_S = resample_poly(samples_S, wanted_rate, rate).astype(np.float32)
    if len(samples_S) < wanted - wanted_rate // clip.frames_per_second:
        rule = f"as long as the clip's {wanted / wanted_rate:.2f} s, at most one frame short"
        raise job.refuse("audio", f"{len(samples_S) / wanted_rate:.2f} s", rule, "deliver the whole sound")
    missing = max(0, wanted - len(samples_S))  # less than a frame
    write_audio(job.folder / "audio.wav", np.pad(samples_S[:wanted], (0, missing)), wanted_rate)
    return f"{job.relative_folder}/audio.wav"


def _check_record(job: ClipJob, frames_THWC: Frames) -> None:
    """Whether the record is about this video: what it states is used nowhere else, so nobody would notice later."""
    record, (frames, height, width) = job.record, frames_THWC.shape[:3]
    if (frames, height, width) != (record.frames, record.height, record.width):
        rule = f"its record states {record.frames} frames of {record.height}x{record.width}"
        fix = "correct the record, and see that the boxes belong to this video"
        raise job.refuse("video", f"{frames} frames of {height}x{width}", rule, fix)
    if not _is_accepted(job, record.frames_per_second, frames):
        rule = f"the video's rate, {job.clip.frames_per_second}"
        fix = "correct the record, and see that the boxes belong to this video"
        raise job.refuse("frames_per_second", f"{record.frames_per_second:g}", rule, fix)


def _unreadable(job: ClipJob, field: str, error: Exception) -> ClipError:
    return job.refuse(field, error, "the file can be read", "deliver it again or drop the clip")
