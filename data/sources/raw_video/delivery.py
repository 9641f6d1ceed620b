"""Raw footage -> clips, as it is delivered: a folder of long videos becomes datasets/raw/<batch>/.

    footage/        what was delivered, untouched
    clips/<id>/     rgb.mp4, motion.mp4, audio.wav, and what the annotators wrote: people may correct it
    manifest.jsonl  the clips
    rejected.jsonl  every stretch that became none, with its reason

One bad file or stretch is one line of rejected.jsonl, the others go on. A delivery that is interrupted continues: a
file that was looked at and a clip that is finished are not made again. With data.map=ray stretches are cut and
annotated on many machines, which have the annotators' environment at the same path. CoInteract, arXiv 2604.19636,
sec. 3.3.
"""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from pydantic import BaseModel

from data.clips.manifest import write_manifest
from data.contracts import ClipRecord
from data.sources.raw_video import RawVideoBatch
from data.sources.raw_video.clip import ANNOTATOR_FAILED, CutJob, Setting, cut_clip
from data.sources.raw_video.rejected import NAME as REJECTED
from data.sources.raw_video.rejected import Rejection, summary, write_rejected
from data.sources.raw_video.sidecar import FootageEntry, read_sidecar, sidecar_of
from data.sources.raw_video.stretches import stretches
from data.sources.raw_video.survey import Survey, look_through
from foundation.child_process import OnLine
from foundation.clip_format import ClipFormat
from foundation.copy_delivery import copy_delivery
from foundation.footage import Footage
from foundation.json_lines import append_line, read_lines
from foundation.map_items import Spread, map_items
from foundation.media_files import MediaError
from foundation.names import Name, slugs
from foundation.progress import parse_progress, report_progress

FOOTAGE, SURVEYS, OUTCOMES = "footage", ".surveys", "outcomes.partial.jsonl"
SURVEY, SOUND = "survey.npz", "sound.npy"
HERE = Spread()


class Outcome(BaseModel, frozen=True, extra="forbid"):
    """What became of one stretch: one line of outcomes.partial.jsonl."""

    clip_id: Name
    clip: ClipRecord | None = None
    rejected: Rejection | None = None


def deliver(config: RawVideoBatch, clip: ClipFormat, folder: Path, spread: Spread = HERE) -> int:
    """Make a raw batch out of the folder `config.path`. Gives the number of clips.

    Raises:
        ValueError: no path, an empty folder, a broken sidecar, no annotators, or no stretch that can be used.
    """
    if config.path is None or not Path(config.path).is_dir():
        raise ValueError(f"{config.path} is no folder: give the folder that holds the videos as data.path=FOLDER")
    footage = folder / FOOTAGE
    copy_delivery(Path(config.path), footage)
    entries = read_sidecar(footage)
    jobs, rejected = _plan(config, clip, folder, entries)
    outcomes = _cut_all(jobs, folder, spread)
    records = [outcome.clip for outcome in outcomes if outcome.clip]
    rejected += [outcome.rejected for outcome in outcomes if outcome.rejected]
    write_rejected(folder, rejected)
    print(f"{len(records)} clips kept; stretches rejected: {summary(rejected)}", flush=True)
    failed = [str(rejection) for rejection in rejected if rejection.reason == ANNOTATOR_FAILED]
    for line in failed:
        print(line, flush=True)
    if not records:
        raise ValueError(
            f"no stretch of the footage can be used ({summary(rejected)}): see {folder / REJECTED}, deliver other "
            f"footage, or change the rules of the batch in conf/data{''.join(f'; {line}' for line in failed[:1])}"
        )
    _warn_of_missing_prompts(records)
    write_manifest(folder, records)
    _tidy(folder)
    return len(records)


def videos_of(footage: Path, entries: dict[str, FootageEntry]) -> list[str]:
    """Everything that is neither the sidecar nor a file that it names beside a video."""
    beside = {str(name) for entry in entries.values() for name in (entry.product_image, entry.sound) if name}
    sidecar = sidecar_of(footage)
    files = sorted(path for path in footage.rglob("*") if path.is_file() and path != sidecar)
    return [name for file in files if (name := file.relative_to(footage).as_posix()) not in beside]


def clip_names(videos: list[str]) -> dict[str, str]:
    """video -> what its clips' ids begin with: its name, made plain; with its ending where two differ in that alone."""
    stems = {video: str(Path(video).with_suffix("")) for video in videos}
    often = Counter(stems.values())
    named = slugs({stem if often[stem] == 1 else video for video, stem in stems.items()})
    return {video: named[stem if often[stem] == 1 else video] for video, stem in stems.items()}


def _plan(
    config: RawVideoBatch, clip: ClipFormat, folder: Path, entries: dict[str, FootageEntry]
) -> tuple[list[CutJob], list[Rejection]]:
    """Look at every file and lay the clips out."""
    footage = folder / FOOTAGE
    videos = videos_of(footage, entries)
    names = clip_names(videos)
    jobs: list[CutJob] = []
    rejected: list[Rejection] = []
    for done, video in enumerate(videos, 1):
        entry = entries.get(video, FootageEntry(video=video))
        try:
            look = Footage(footage / video, entry.frames_per_second, config.limits)
            surveyed = _look(look, footage / entry.sound if entry.sound else None, folder / SURVEYS / names[video])
        except MediaError as error:
            rejected.append(Rejection(video=video, reason=error.reason, value=error.fault))
        else:
            kept, not_kept = stretches(video, surveyed, clip, config.rules)
            sound = folder / SURVEYS / names[video] / SOUND
            jobs += [
                CutJob(
                    one, f"{names[video]}_{one.first_frame:06d}", entry, folder, sound, Setting(footage, config, clip)
                )
                for one in kept
            ]
            rejected += not_kept
        report_progress(done, len(videos), "videos looked at")
    return jobs, rejected


def _look(video: Footage, sound: Path | None, remembered: Path) -> Survey:
    """Look at one file, or remember what an interrupted delivery saw; its sound is kept for the clips."""
    if (remembered / SURVEY).exists():
        return Survey.load(remembered / SURVEY)
    video.shown()
    samples_S = video.sound(sound)
    surveyed = look_through(video, samples_S)
    remembered.mkdir(parents=True, exist_ok=True)
    np.save(remembered / SOUND, np.round(np.clip(samples_S, -1, 1) * 32767).astype(np.int16))
    surveyed.save(remembered / SURVEY)
    return surveyed


def _cut_all(jobs: list[CutJob], folder: Path, spread: Spread) -> list[Outcome]:
    """The outcome of every job, in their order; those of an interrupted delivery are taken as they are."""
    file = folder / OUTCOMES
    lines = [Outcome.model_validate_json(line) for _, line in read_lines(file, appended=True)]
    known = {outcome.clip_id: outcome for outcome in lines}
    todo = [job for job in jobs if job.clip_id not in known]

    def log(clip_id: str, line: str) -> None:
        if progress := parse_progress(line):
            report_progress(len(known), len(jobs), f"stretches; {clip_id}: {progress[2]}")

    for outcome in _spread(todo, spread, log):
        known[outcome.clip_id] = outcome
        if not (outcome.rejected and outcome.rejected.reason == ANNOTATOR_FAILED):  # a tool may be mended
            append_line(file, outcome.model_dump_json(exclude_none=True))
        report_progress(len(known), len(jobs), f"stretches cut and annotated, last {outcome.clip_id}")
    return [known[job.clip_id] for job in jobs]


def _spread(jobs: list[CutJob], spread: Spread, log: Callable[[str, str], None]) -> Iterator[Outcome]:
    """On this machine by threads: annotators are processes of their own, decoding lets go of the interpreter."""
    if spread.kind == "ray":
        for outcome in map_items(_cut_elsewhere, jobs, spread):
            assert isinstance(outcome, Outcome), "a stretch that becomes no clip is an outcome"
            yield outcome
        return
    with ThreadPoolExecutor(spread.processes) as pool:
        waiting = [pool.submit(_cut_one, job, partial(log, job.clip_id)) for job in jobs]
        try:
            for future in waiting:
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _cut_one(job: CutJob, on_line: OnLine) -> Outcome:
    result = cut_clip(job, on_line)
    field = "rejected" if isinstance(result, Rejection) else "clip"
    return Outcome.model_validate({"clip_id": job.clip_id, field: result})


def _cut_elsewhere(job: CutJob) -> Outcome:
    """On another machine: the output of its annotators is not brought here."""
    return _cut_one(job, lambda _line: None)


def _warn_of_missing_prompts(records: list[ClipRecord]) -> None:
    without = [record for record in records if not record.prompt]
    if without:
        print(
            f"{len(without)} of {len(records)} clips have no prompt, and no captioner writes one: validation will "
            "refuse them until footage.csv, or manifest.jsonl of the batch, describes what the person does",
            flush=True,
        )


def _tidy(folder: Path) -> None:
    for left in (folder / SURVEYS, *folder.glob("clips/.*")):
        shutil.rmtree(left, ignore_errors=True)
    (folder / OUTCOMES).unlink(missing_ok=True)
