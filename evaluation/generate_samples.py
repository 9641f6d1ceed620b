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
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from evaluation.contracts import EvaluationConfig, Exam, GeneratedSamples, Variant
from evaluation.exam.held_out import EvaluationClip, conditions_of, read_clips
from evaluation.exam.open_and_sealed import clip_seed, file_of
from evaluation.exam.own_encoders import encode_for
from evaluation.exam.shuffled_conditions import lenders
from evaluation.report.contact_sheet import SheetRow, contact_sheet
from evaluation.report.videos import write_viewing_clip
from foundation.digests import folder_digest
from foundation.progress import report_progress
from foundation.run_folder import RunFolder
from model.artifact.rgb_artifact import LoadedArtifact, load_artifact
from model.conditioning.pixels import to_bytes
from model.contracts import RgbArtifact, SamplingConfig, TrainingSet
from model.inference.sampler import generate_clips
from model.network.streams import Conditions

CLIPS_AT_ONCE = 8
SHEET_CLIPS = 8


def generate_samples(run: RunFolder) -> GeneratedSamples:
    """Do what the module says.

    Raises:
        ValueError: the artifact changed, or the held-out clips are fewer or other than the exam needs.
    """
    config = run.section("evaluation", EvaluationConfig)
    training_set = run.input("training_set", TrainingSet)
    receipt = run.input("artifact", RgbArtifact)
    artifact = _load(receipt, run.section("sampling", SamplingConfig))
    exam = run.input("exam", Exam)
    clips = encode_for(artifact, read_clips(training_set.held_out, exam), training_set.held_out)
    frames: dict[str, Tensor] = {
        file_of(variant, repeat): _generate(artifact, clips, variant, [_seed(exam, clip, repeat) for clip in clips])
        for variant in exam.variants
        for repeat in range(config.seeds_a_clip if variant == "true" else 1)
    }
    folder = _save(run.path / "samples", frames, clips)
    _write_videos(run.path / "videos", artifact, clips, frames["true"])
    sheet = run.path / "contact_sheet.png"
    contact_sheet([_sheet_row(clip, frames["true"][i]) for i, clip in enumerate(clips[:SHEET_CLIPS])]).save(sheet)
    return GeneratedSamples(
        folder=str(folder),
        digest=folder_digest(folder),
        artifact_digest=receipt.digest,
        held_out_digest=training_set.held_out_digest,
        exam=exam,
        variants=exam.variants,
        seeds_a_clip=config.seeds_a_clip,
        clips=[clip.clip_id for clip in clips],
        contact_sheet=str(sheet),
    )


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


def _seed(exam: Exam, clip: EvaluationClip, repeat: int) -> int:
    return clip_seed(exam.seed, clip.clip_id, repeat)


def _load(receipt: RgbArtifact, machine: SamplingConfig) -> LoadedArtifact:
    """The artifact with its own sampling, but guidance in as many passes as this machine's configuration says."""
    folder = Path(receipt.folder)
    if folder_digest(folder) != receipt.digest:
        raise ValueError(f"artifact {folder} is not the one of the receipt (digest differs): export again")
    artifact = load_artifact(folder, "cuda" if torch.cuda.is_available() else "cpu")
    passes = {"guidance_passes": machine.guidance_passes}
    return replace(artifact, sampling=artifact.sampling.model_copy(update=passes))


def _generate(
    artifact: LoadedArtifact, clips: Sequence[EvaluationClip], variant: Variant, seeds: Sequence[int]
) -> Tensor:
    """All clips of one variant as frames_BTHW3 uint8, each from its seed."""
    conditions = conditions_of(clips)
    if variant != "true":
        conditions = shuffled(conditions, variant, lenders([clip.record.prompt for clip in clips]))
    parts: list[Tensor] = []
    for start in range(0, len(clips), CLIPS_AT_ONCE):
        report_progress(start, len(clips), f"held-out clips generated, {variant.replace('_', ' ')}")
        end = start + CLIPS_AT_ONCE
        video_BCTHW = generate_clips(artifact, _part(conditions, start, end), list(seeds[start:end]))
        parts += [torch.from_numpy(to_bytes(video)) for video in video_BCTHW]
    report_progress(len(clips), len(clips), f"held-out clips generated, {variant.replace('_', ' ')}")
    return torch.stack(parts)


def _part(conditions: Conditions, start: int, end: int) -> Conditions:
    tensors = {name: value for name, value in vars(conditions).items() if isinstance(value, Tensor)}
    return replace(conditions, **{name: value[start:end] for name, value in tensors.items()})


def _save(folder: Path, frames: dict[str, Tensor], clips: Sequence[EvaluationClip]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, frames_BTHW3 in frames.items():
        named = {clip.clip_id: frames_BTHW3[i].contiguous() for i, clip in enumerate(clips)}
        save_file(named, folder / f"{name}.safetensors")
    return folder


def _write_videos(
    folder: Path, artifact: LoadedArtifact, clips: Sequence[EvaluationClip], frames_BTHW3: Tensor
) -> None:
    for index, clip in enumerate(clips):
        samples, _ = clip.sound()
        write_viewing_clip(folder / f"{clip.clip_id}_truth.mp4", clip.frames(), samples, artifact.clip)
        write_viewing_clip(
            folder / f"{clip.clip_id}_generated.mp4", frames_BTHW3[index].numpy(), samples, artifact.clip
        )
        report_progress(index + 1, len(clips), "videos written")


def _sheet_row(clip: EvaluationClip, frames_THW3: Tensor) -> SheetRow:
    return SheetRow(clip.record.prompt, clip.person(), clip.product(), clip.frames(), frames_THW3.numpy())


def main() -> None:
    run = RunFolder(Path(sys.argv[1]))
    with run.held():
        run.finish(generate_samples(run).model_dump())


if __name__ == "__main__":
    main()
