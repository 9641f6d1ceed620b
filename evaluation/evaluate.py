"""Examine one artifact's samples: measure, compare with baselines and ceilings, write the report.

    python -m evaluation.evaluate runs/<id>

In: artifact, samples, training set and examiner, from inputs.json; the exam from config.yaml, section `evaluation`. The
examiner is the artifact through whose codec the hand locator learns: the candidate's, also where the champion sits the
candidate's exam. Out: `report.html`, `contact_sheet.png`, `videos/`, and the receipt EvaluationReport.
The promotion gate reads the receipt, never this process.
"""

import hashlib
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from evaluation.contracts import EvaluationConfig, EvaluationReport, GateConfig, GeneratedSamples, Metric, Variant
from evaluation.fit_hand_locator import fit_hand_locator, through_codec
from evaluation.held_out import ExamClip, Picture, exam_clips
from evaluation.measure_network import load_dual_stream, measure_network
from evaluation.measure_samples import Versions, measure_samples
from evaluation.metrics.catalogue import DEFINITIONS, Role
from evaluation.own_encoders import as_told_to
from evaluation.report.page import write_page
from foundation.digests import file_sha256, folder_digest
from foundation.progress import report_progress
from foundation.run_folder import RunFolder, write_whole
from model.artifact.rgb_artifact import load_artifact
from model.conditioning.latent_codec import LatentCodec
from model.contracts import RgbArtifact, TrainingSet
from model.network.dual_stream_transformer import DualStreamTransformer

STEPS = 5


def evaluate(run: RunFolder) -> EvaluationReport:
    """Do what the module says.

    Raises:
        ValueError: artifact, samples and held-out clips do not belong together, or one of them changed.
    """
    config = run.section("evaluation", EvaluationConfig)
    artifact, samples = run.input("artifact", RgbArtifact), run.input("samples", GeneratedSamples)
    training_set = run.input("training_set", TrainingSet)
    check_they_belong_together(artifact, samples, training_set)
    loaded = load_artifact(Path(artifact.folder))
    examiner = load_artifact(Path(run.input("examiner", RgbArtifact).folder))
    clips = as_told_to(loaded, exam_clips(training_set.held_out, config.held_out_clips), training_set.held_out)
    report_progress(1, STEPS, "exam read")
    locator = fit_hand_locator(exam_clips(training_set.train[:1]), examiner.codec, config.locator_steps, config.seed)
    report_progress(2, STEPS, "hand locator fitted")
    metrics = measure_samples(clips, versions_of(clips, samples, loaded.codec), locator)
    report_progress(3, STEPS, "samples measured")
    metrics += measure_network(_dual_stream(artifact) or loaded.network, clips, config)
    report_progress(4, STEPS, "network measured")
    exam = exam_digest(config, training_set, examiner.manifest.encoders_digest)
    report = _write_report(run, clips, samples, metrics, exam)
    report_progress(STEPS, STEPS, "report written")
    return report


def versions_of(clips: Sequence[ExamClip], samples: GeneratedSamples, codec: LatentCodec) -> Versions:
    """What was generated, and what it is held against: truth, truth through the codec, the reference repeated."""
    folder = Path(samples.folder)
    made: dict[Role, Variant] = {
        "model": "true",
        "prompt_shuffled": "prompt_shuffled",
        "audio_shuffled": "audio_shuffled",
    }
    versions: dict[Role, Mapping[str, Picture]] = {
        role: load_file(folder / f"{variant}.safetensors")
        for role, variant in made.items()
        if variant in samples.variants
    }
    versions["truth"] = {clip.clip_id: clip.frames() for clip in clips}
    versions["ceiling"] = {clip.clip_id: through_codec(clip, codec).numpy() for clip in clips}
    versions["baseline"] = {clip.clip_id: np.repeat(clip.person()[None], clip.record.frames, axis=0) for clip in clips}
    return versions


def exam_digest(config: EvaluationConfig, training_set: TrainingSet, encoders_digest: str) -> str:
    """sha256 of all that decides an exam: clips, seeds, what the locator learned from and through, metric versions."""
    decides = {
        "held_out": training_set.held_out_digest,
        "encoders": encoders_digest,
        "locator_batch": training_set.train[0].prepared_digest,
        "config": config.model_dump(),
        "metrics": {definition.name: definition.version for definition in DEFINITIONS},
    }
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


def check_they_belong_together(artifact: RgbArtifact, samples: GeneratedSamples, training_set: TrainingSet) -> None:
    """Refuse samples that are not of this artifact on these clips, or whose bytes changed (ValueError)."""
    if samples.artifact_digest != artifact.digest:
        raise ValueError(f"samples {samples.folder} are not of artifact {artifact.folder}: generate them again")
    if samples.held_out_digest != training_set.held_out_digest:
        raise ValueError(f"samples {samples.folder} are of other held-out clips than this exam's: generate them again")
    if folder_digest(Path(samples.folder)) != samples.digest:
        raise ValueError(f"samples {samples.folder} changed since they were made: remove their run and generate again")


def _dual_stream(artifact: RgbArtifact) -> DualStreamTransformer | None:
    """Stage two's network that the artifact was exported from, or None where its weights are gone.

    Raises:
        ValueError: other weights lie in their place.
    """
    weights = Path(artifact.stage_two_weights)
    if not weights.exists():
        return None
    if file_sha256(weights) != artifact.stage_two_weights_sha256:
        raise ValueError(f"{artifact.folder} was not exported from {weights} as it is now: export again")
    return load_dual_stream(weights, Path(artifact.folder))


def _write_report(
    run: RunFolder, clips: Sequence[ExamClip], samples: GeneratedSamples, metrics: Sequence[Metric], exam: str
) -> EvaluationReport:
    """Everything the page shows, gathered in the run folder, then the page."""
    shutil.copytree(Path(samples.folder).parent / "videos", run.path / "videos", dirs_exist_ok=True)
    sheet = run.path / "contact_sheet.png"
    shutil.copyfile(samples.contact_sheet, sheet)
    about = [{"clip_id": clip.clip_id, "prompt": clip.record.prompt} for clip in clips]
    write_whole(run.path / "clips.json", json.dumps(about, indent=1))
    report = EvaluationReport(
        artifact_digest=samples.artifact_digest,
        exam_digest=exam,
        metrics={metric.name: metric for metric in metrics},
        report_html=str(run.path / "report.html"),
        contact_sheet=str(sheet),
        folder=str(run.path),
    )
    write_page(run.path / "report.html", report, gate=run.section("gate", GateConfig))
    return report


def main() -> None:
    run = RunFolder(Path(sys.argv[1]))
    with run.held():
        run.finish(evaluate(run).model_dump())


if __name__ == "__main__":
    main()
