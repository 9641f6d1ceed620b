"""Evaluate one artifact's samples: measure them, their baselines and their ceilings, write the report.

    python -m evaluation.evaluate runs/<id>

In: artifact, samples (which name the exam), training set and examiner, from inputs.json; config.yaml, section
`evaluation`. The examiner is the artifact through whose codec the hand locator is fitted: the candidate's, also where
the champion is evaluated on the candidate's exam. Out: `report.html`, `contact_sheet.png`, `videos/`, and the receipt
EvaluationReport. The page has no rules and no verdict: the promotion gate reads the receipt, and writes the page again
where it decides.
"""

import hashlib
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from evaluation.catalogue import definitions
from evaluation.contracts import EvaluationConfig, EvaluationReport, Exam, GeneratedSamples, Metric, Variant
from evaluation.exam.clip_groups import groups_of
from evaluation.exam.held_out import EvaluationClip
from evaluation.exam.known_clips import KnownClip, Opened, known_clips, opened
from evaluation.exam.open_and_sealed import file_of
from evaluation.measure import Versions, measure_takes
from evaluation.measuring.clip import Frames, Need, given
from evaluation.measuring.kinds import Role
from evaluation.measuring.network_answer import NetworkAnswer
from evaluation.noise_seeds import over_seeds
from evaluation.report.page import render_page
from evaluation.report.router_map import router_map
from evaluation.report.videos import write_viewing_clip
from foundation.clip_format import ClipFormat
from foundation.code_digest import code_digest
from foundation.digests import folder_digest
from foundation.fingerprint import deciding
from foundation.map_items import Spread, map_items
from foundation.pictures import write_image
from foundation.progress import report_progress
from foundation.run_folder import RunFolder
from foundation.video_reading import read_video
from foundation.whole_file import write_whole
from model.artifact.rgb_artifact import read_manifest
from model.contracts import RgbArtifact, TrainingSet

STEPS = 4
MEASURING = (
    "evaluation.measure",
    "evaluation.exam.fit_hand_locator",
    "evaluation.fit_recognisers",
    "evaluation.exam.ask_network",
)
# why a metric is not measured here, where something was missing that an evaluation usually has
REASONS: dict[Need, str] = {
    "hand_locator": "no training clip has a hand box",
    "product": "fewer than two held-out clips have a product reference",
    "hoi_stream": "stage two's weights are not at hand",
    "experts": "the network has no experts",
    "exact": "these clips are not the studio's sketches, of which every pixel is known",
    "recognise": "the training clips are not the studio's sketches, of which every pixel is known",
}


def evaluate(run: RunFolder) -> EvaluationReport:
    """Do what the module says.

    Raises:
        ValueError: artifact, samples and held-out clips do not belong together, or one of them changed.
    """
    config = run.section("evaluation", EvaluationConfig)
    artifact, samples = run.input("artifact", RgbArtifact), run.input("samples", GeneratedSamples)
    training_set = run.input("training_set", TrainingSet)
    check_they_belong_together(artifact, samples, training_set)
    here = opened(run.path)
    encoders = read_manifest(Path(run.input("examiner", RgbArtifact).folder)).encoders_digest
    report_progress(1, STEPS, "held-out clips read")
    known = list(known_clips(run.path))
    report_progress(2, STEPS, "network measured")
    metrics = measure_seeds(known, samples, config.processes)
    report_progress(3, STEPS, "samples measured")
    report = EvaluationReport(
        artifact_digest=samples.artifact_digest,
        exam_digest=exam_digest(config, samples.exam, training_set, encoders),
        exam=samples.exam.name,
        precision=here.artifact.sampling.precision,
        clips=groups_of(here.clips, training_set.train),
        metrics=metrics,
        report_html=str(run.path / "report.html"),
        contact_sheet=str(run.path / "contact_sheet.png"),
        folder=str(run.path),
    )
    _draw_clips(run.path / "videos", known, here)
    _gather_pages(run, here.clips, samples, report)
    report_progress(STEPS, STEPS, "report written")
    return report


def versions_of(known: Sequence[KnownClip], samples: GeneratedSamples) -> Versions:
    """What was generated, and what it is held against: truth, truth through the codec, the reference repeated."""
    variants: dict[Role, Variant] = {
        "model": "true",
        "prompt_shuffled": "prompt_shuffled",
        "audio_shuffled": "audio_shuffled",
        "person_shuffled": "person_shuffled",
        "product_shuffled": "product_shuffled",
    }
    versions: dict[Role, Mapping[str, Frames]] = {
        role: _frames(samples, variant) for role, variant in variants.items() if variant in samples.variants
    }
    clips = [one.measured for one in known]
    truth = {clip.clip_id: given(clip.truth) for clip in clips}
    still = {clip.clip_id: np.repeat(given(clip.person)[None], len(truth[clip.clip_id]), axis=0) for clip in clips}
    ceiling = {one.measured.clip_id: one.ceiling for one in known}
    return {**versions, "truth": truth, "ceiling": ceiling, "baseline": still}


def measure_seeds(known: Sequence[KnownClip], samples: GeneratedSamples, processes: int) -> dict[str, Metric]:
    """Every metric in every role, the model's own over all noise seeds."""
    further: list[Versions] = [
        {"model": _frames(samples, file_of("true", repeat))} for repeat in range(1, samples.seeds_a_clip)
    ]
    takes = [versions_of(known, samples), *further]
    return over_seeds(measure_takes([one.measured for one in known], takes, REASONS, processes))


def _frames(samples: GeneratedSamples, name: str) -> Mapping[str, Frames]:
    return load_file(Path(samples.folder) / f"{name}.safetensors")


def exam_digest(config: EvaluationConfig, exam: Exam, training_set: TrainingSet, encoders_digest: str) -> str:
    """sha256 of all that decides an exam: clips, seeds, what the locator is fitted on and through, metrics and code."""
    decides = {
        "held_out": training_set.held_out_digest,
        "encoders": encoders_digest,
        "locator_batch": training_set.train[0].prepared_digest,
        "exam": exam.model_dump(),
        "config": deciding(config),
        "metrics": {name: definition.version for name, definition in definitions().items()},
        "code": code_digest(*MEASURING),
    }
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


def check_they_belong_together(artifact: RgbArtifact, samples: GeneratedSamples, training_set: TrainingSet) -> None:
    """Refuse samples that are not of this artifact on these clips, or whose bytes changed (ValueError)."""
    if samples.artifact_digest != artifact.digest:
        raise ValueError(f"samples {samples.folder} are not of artifact {artifact.folder}: generate them again")
    if samples.held_out_digest != training_set.held_out_digest:
        raise ValueError(
            f"samples {samples.folder} are of other held-out clips than this evaluation's: generate them again"
        )
    if folder_digest(Path(samples.folder)) != samples.digest:
        raise ValueError(f"samples {samples.folder} changed since they were made: remove their run and generate again")


def _draw_clips(folder: Path, known: Sequence[KnownClip], here: Opened) -> None:
    """What people see beside the videos: references, the structure that the network learns, where its experts work."""
    folder.mkdir(exist_ok=True)
    jobs = [
        DrawJob(clip, here.artifact.clip, folder, one.measured.network)
        for clip, one in zip(here.clips, known, strict=True)
    ]
    for _ in map_items(draw_clip, jobs, Spread(processes=here.config.processes)):
        pass


@dataclass(frozen=True)
class DrawJob:
    """One clip and the network's answer about it; where to draw them."""

    clip: EvaluationClip
    shape: ClipFormat
    folder: Path
    answer: NetworkAnswer | None


def draw_clip(job: DrawJob) -> None:
    """Write the clip's structure video and references, and the router's map where the network has experts."""
    clip, start = job.clip, str(job.folder / job.clip.clip_id)
    frames_THW3 = read_video(clip.folder / clip.record.hoi_video)[0]
    write_viewing_clip(Path(f"{start}_structure.mp4"), frames_THW3, None, job.shape)
    for kind, picture_HW3 in (("person", clip.person()), ("product", clip.product())):
        if picture_HW3 is not None:
            write_image(Path(f"{start}_{kind}.png"), picture_HW3)
    if job.answer is not None and len(job.answer.picks_MIN):
        router_map(job.answer).save(f"{start}_router.png")


def _gather_pages(
    run: RunFolder, clips: Sequence[EvaluationClip], samples: GeneratedSamples, report: EvaluationReport
) -> None:
    """Put all that the page shows into the run folder, then write the page."""
    shutil.copytree(Path(samples.folder).parent / "videos", run.path / "videos", dirs_exist_ok=True)
    shutil.copyfile(samples.contact_sheet, report.contact_sheet)
    shown = [clip.record.model_dump(include={"clip_id", "prompt", "frames_per_second"}) for clip in clips]
    write_whole(run.path / "clips.json", json.dumps(shown, indent=1))
    write_whole(Path(report.report_html), render_page(Path(report.report_html), report))


def main() -> None:
    run = RunFolder(Path(sys.argv[1]))
    with run.held():
        run.finish(evaluate(run).model_dump())


if __name__ == "__main__":
    main()
