"""Generate every held-out clip with one artifact, with its true conditions and with conditions shuffled between clips.

    python -m evaluation.generate_samples runs/<id>

In: the artifact, the training set and the exam (inputs.json), how many seeds a clip (config.yaml, section
`evaluation`) and how guidance is computed (`sampling.guidance_passes`; all else of sampling is the artifact's). Out:
`samples/<variant>.safetensors` (the frames as they are, for the metrics; `true_1`, `true_2` ... from further noise
seeds), `videos/<clip>_{truth,generated}.mp4` (with sound, enlarged, for people), `contact_sheet.png`, and the receipt
GeneratedSamples.

A clip starts from the same noise in every variant, so what differs between them is the effect of the condition.

Shape legend: B clips, T frames, H W pixels.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file
from torch import Tensor

from evaluation.contracts import EvaluationConfig, Exam, GeneratedSamples, Variant
from evaluation.exam.held_out import EvaluationClip, conditions_of, read_clips
from evaluation.exam.open_and_sealed import clip_seed, file_of
from evaluation.exam.own_encoders import encode_for
from evaluation.exam.shuffled_conditions import lenders
from evaluation.measuring.clip import Frames
from evaluation.recognisers.one_thread import one_thread
from evaluation.report.contact_sheet import SheetRow, contact_sheet
from evaluation.report.videos import write_viewing_clip
from foundation.digests import folder_digest
from foundation.failures import ClipError
from foundation.map_items import Spread, map_items
from foundation.progress import report_progress
from foundation.run_folder import RunFolder
from model.artifact.rgb_artifact import LoadedArtifact, load_artifact
from model.conditioning.pixels import to_bytes
from model.contracts import RgbArtifact, SamplingConfig, TrainingSet
from model.inference.sampler import generate_clips
from model.network.streams import Conditions

CLIPS_AT_ONCE = 8
SHEET_CLIPS = 8


@dataclass(frozen=True)
class Opened:
    """A run folder, loaded."""

    artifact: LoadedArtifact
    exam: Exam
    clips: list[EvaluationClip]


@dataclass(frozen=True)
class _Part:
    """Some clips of one variant, from one noise seed each."""

    run: Path
    variant: Variant
    repeat: int
    start: int


@dataclass(frozen=True)
class _Viewing:
    """What is generated of one clip, for people."""

    run: Path
    clip: int
    frames_THW3: Frames


def generate_samples(run: RunFolder) -> GeneratedSamples:
    """Do what the module says.

    Raises:
        ValueError: the artifact changed, or the held-out clips are fewer or other than the exam needs.
    """
    config = run.section("evaluation", EvaluationConfig)
    here = opened(run.path)  # before the processes start: they then have it at once
    on_gpu = next(here.artifact.network.parameters()).is_cuda
    spread = Spread(processes=1 if on_gpu else config.processes)
    frames = _generate_all(run.path, here, config.seeds_a_clip, spread)
    folder = _save(run.path / "samples", frames, here.clips)
    _write_videos(run.path, frames["true"], spread)
    sheet = run.path / "contact_sheet.png"
    rows = [_sheet_row(clip, frames["true"][i]) for i, clip in enumerate(here.clips[:SHEET_CLIPS])]
    contact_sheet(rows).save(sheet)
    training_set = run.input("training_set", TrainingSet)
    return GeneratedSamples(
        folder=str(folder),
        digest=folder_digest(folder),
        artifact_digest=run.input("artifact", RgbArtifact).digest,
        held_out_digest=training_set.held_out_digest,
        exam=here.exam,
        variants=here.exam.variants,
        seeds_a_clip=config.seeds_a_clip,
        clips=[clip.clip_id for clip in here.clips],
        contact_sheet=str(sheet),
    )


@cache
def opened(run: Path) -> Opened:
    """The run folder's artifact and clips.

    Raises:
        ValueError: see generate_samples.
    """
    folder = RunFolder(run)
    training_set, exam = folder.input("training_set", TrainingSet), folder.input("exam", Exam)
    artifact = _load(folder.input("artifact", RgbArtifact), folder.section("sampling", SamplingConfig))
    clips = encode_for(artifact, read_clips(training_set.held_out, exam), training_set.held_out)
    return Opened(artifact, exam, clips)


def shuffled(conditions: Conditions, variant: Variant, lender: Sequence[int]) -> Conditions:
    """The conditions of one variant: clip i gets one of its conditions from clip lender[i]."""
    order = torch.tensor(lender)
    if variant == "prompt_shuffled":
        return replace(conditions, text_BLD=conditions.text_BLD[order])
    if variant == "audio_shuffled":
        return replace(conditions, audio_BKAS=conditions.audio_BKAS[order])
    if variant == "person_shuffled":
        return replace(conditions, person_BC1hw=conditions.person_BC1hw[order])
    if variant == "product_shuffled" and conditions.product_BC1hw is not None:
        return replace(conditions, product_BC1hw=conditions.product_BC1hw[order])
    return conditions


def _load(receipt: RgbArtifact, machine: SamplingConfig) -> LoadedArtifact:
    """The artifact with its own sampling, but guidance in as many passes as this machine's configuration says."""
    folder = Path(receipt.folder)
    if folder_digest(folder) != receipt.digest:
        raise ValueError(f"artifact {folder} is not the one of the receipt (digest differs): export again")
    artifact = load_artifact(folder, "cuda" if torch.cuda.is_available() else "cpu")
    passes = {"guidance_passes": machine.guidance_passes}
    return replace(artifact, sampling=artifact.sampling.model_copy(update=passes))


def _generate_all(run: Path, here: Opened, seeds_a_clip: int, spread: Spread) -> dict[str, Frames]:
    """Name of the file -> frames_BTHW3 uint8 of all clips, of every variant and of the true one's further seeds."""
    parts = [
        _Part(run, variant, repeat, start)
        for variant in here.exam.variants
        for repeat in range(seeds_a_clip if variant == "true" else 1)
        for start in range(0, len(here.clips), CLIPS_AT_ONCE)
    ]
    frames: dict[str, list[Frames]] = {}
    for done, (part, videos) in enumerate(zip(parts, map_items(_generate, parts, spread), strict=True)):
        if isinstance(videos, ClipError):
            raise videos
        frames.setdefault(file_of(part.variant, part.repeat), []).append(videos)
        report_progress(done + 1, len(parts), f"held-out clips generated, {part.variant.replace('_', ' ')}")
    return {name: np.concatenate(videos) for name, videos in frames.items()}


def _generate(part: _Part) -> Frames:
    """The part's frames_BTHW3 uint8. On a CPU by one thread: the bits are the same however many work."""
    here, end = opened(part.run), part.start + CLIPS_AT_ONCE
    conditions = conditions_of(here.clips)
    if part.variant != "true":
        conditions = shuffled(conditions, part.variant, lenders([clip.record.prompt for clip in here.clips]))
    some = here.clips[part.start : end]
    seeds = [clip_seed(here.exam.seed, clip.clip_id, part.repeat) for clip in some]
    with one_thread():
        video_BCTHW = generate_clips(here.artifact, _part(conditions, part.start, end), seeds)
        return np.stack([to_bytes(video) for video in video_BCTHW])


def _part(conditions: Conditions, start: int, end: int) -> Conditions:
    tensors = {name: value for name, value in vars(conditions).items() if isinstance(value, Tensor)}
    return replace(conditions, **{name: value[start:end] for name, value in tensors.items()})


def _save(folder: Path, frames: Mapping[str, Frames], clips: Sequence[EvaluationClip]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, frames_BTHW3 in frames.items():
        save_file({clip.clip_id: frames_BTHW3[i] for i, clip in enumerate(clips)}, folder / f"{name}.safetensors")
    return folder


def _write_videos(run: Path, frames_BTHW3: Frames, spread: Spread) -> None:
    jobs = [_Viewing(run, clip, frames_THW3) for clip, frames_THW3 in enumerate(frames_BTHW3)]
    for done, _ in enumerate(map_items(_write_viewing, jobs, spread), 1):
        report_progress(done, len(jobs), "videos written")


def _write_viewing(job: _Viewing) -> None:
    here, folder = opened(job.run), job.run / "videos"
    clip = here.clips[job.clip]
    for name, frames_THW3 in (("truth", clip.frames()), ("generated", job.frames_THW3)):
        write_viewing_clip(folder / f"{clip.clip_id}_{name}.mp4", frames_THW3, clip.sound()[0], here.artifact.clip)


def _sheet_row(clip: EvaluationClip, frames_THW3: Frames) -> SheetRow:
    return SheetRow(clip.record.prompt, clip.person(), clip.product(), clip.frames(), frames_THW3)


def main() -> None:
    run = RunFolder(Path(sys.argv[1]))
    with run.held():
        run.finish(generate_samples(run).model_dump())


if __name__ == "__main__":
    main()
