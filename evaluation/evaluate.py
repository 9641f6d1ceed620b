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
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file

from evaluation.catalogue import definitions
from evaluation.contracts import EvaluationConfig, EvaluationReport, Exam, GeneratedSamples, Metric, Variant
from evaluation.exam.ask_network import ask_network
from evaluation.exam.clip_groups import groups_of
from evaluation.exam.fit_hand_locator import through_codec
from evaluation.exam.fit_recognisers import exact_of
from evaluation.exam.hand_locator import HandLocator, load_locator, locate_hands
from evaluation.exam.held_out import EvaluationClip, read_clips
from evaluation.exam.open_and_sealed import file_of
from evaluation.exam.own_encoders import encode_for
from evaluation.measure import Versions, measure
from evaluation.measuring.clip import Frames, MeasuredClip, Need, given
from evaluation.measuring.kinds import Role
from evaluation.measuring.network_answer import NetworkAnswer
from evaluation.measuring.seen import Exact
from evaluation.noise_seeds import over_seeds
from evaluation.recognisers.receipt import FittedRecognisers
from evaluation.recognisers.recognisers import Recognisers, fitted
from evaluation.report.page import render_page
from evaluation.report.router_map import router_map
from evaluation.report.videos import write_viewing_clip
from foundation.code_digest import code_digest
from foundation.digests import file_sha256, folder_digest
from foundation.pictures import write_image
from foundation.progress import report_progress
from foundation.run_folder import RunFolder
from foundation.video_reading import read_video
from foundation.whole_file import write_whole
from model.artifact.rgb_artifact import LoadedArtifact, load_artifact, load_weights
from model.conditioning.latent_codec import LatentCodec
from model.contracts import NetworkConfig, RecipeConfig, RgbArtifact, TrainingSet
from model.network.dual_stream_transformer import DualStreamTransformer

STEPS = 5
OfStudio = tuple[Recognisers | None, Exact | None]
"""Recognisers, and what is known of a clip; None where the clips are not the studio's."""
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
    loaded = load_artifact(Path(artifact.folder))
    examiner = load_artifact(Path(run.input("examiner", RgbArtifact).folder))
    clips = encode_for(loaded, read_clips(training_set.held_out, samples.exam), training_set.held_out)
    report_progress(1, STEPS, "held-out clips read")
    tools = run.input("recognisers", FittedRecognisers)
    locator = load_locator(Path(tools.hand_locator)) if tools.hand_locator else None
    report_progress(2, STEPS, "recognisers read")
    network = _dual_stream(artifact) or loaded.network
    precision, (levels, seed) = loaded.sampling.precision, (config.noise_levels, samples.exam.seed)
    answers = [ask_network(network, clip, levels, seed, precision=precision) for clip in clips]
    recognisers = fitted(tools)
    motion = loaded.clip.motion_frames
    measured = [
        measured_clip(clip, locator, answer, (recognisers, exact_of(clip, motion)))
        for clip, answer in zip(clips, answers, strict=True)
    ]
    report_progress(3, STEPS, "network measured")
    metrics = measure_seeds(measured, versions_of(measured, clips, samples, loaded.codec), samples)
    report_progress(4, STEPS, "samples measured")
    report = EvaluationReport(
        artifact_digest=samples.artifact_digest,
        exam_digest=exam_digest(config, samples.exam, training_set, examiner.manifest.encoders_digest),
        exam=samples.exam.name,
        precision=precision,
        clips=groups_of(clips, training_set.train),
        metrics=metrics,
        report_html=str(run.path / "report.html"),
        contact_sheet=str(run.path / "contact_sheet.png"),
        folder=str(run.path),
    )
    _draw_clips(run.path / "videos", clips, answers, loaded)
    _gather_pages(run, clips, samples, report)
    report_progress(STEPS, STEPS, "report written")
    return report


def measured_clip(
    clip: EvaluationClip, locator: HandLocator | None, answer: NetworkAnswer | None, of_studio: OfStudio
) -> MeasuredClip:
    """All that the metrics can know of a held-out clip."""
    recognisers, exact = of_studio
    person_HW3 = clip.person()
    return MeasuredClip(
        clip_id=clip.clip_id,
        frames_per_second=clip.record.frames_per_second,
        product_id=clip.record.product_id,
        person_id=clip.record.person_id,
        truth=clip.frames(),
        boxes=clip.record.boxes,
        sound=clip.sound(),
        person=person_HW3,
        product=clip.product(),
        hand_locator=locator and (lambda frames: locate_hands(locator, torch.from_numpy(frames)).numpy()),
        network=answer,
        exact=exact,
        recognise=recognisers and exact and (lambda frames: recognisers.look(frames, person_HW3, exact.face)),
    )


def versions_of(
    measured: Sequence[MeasuredClip], clips: Sequence[EvaluationClip], samples: GeneratedSamples, codec: LatentCodec
) -> Versions:
    """What was generated, and what it is held against: truth, truth through the codec, the reference repeated."""
    variants: dict[Role, Variant] = {
        "model": "true",
        "prompt_shuffled": "prompt_shuffled",
        "audio_shuffled": "audio_shuffled",
        "person_shuffled": "person_shuffled",
        "product_shuffled": "product_shuffled",
    }
    versions: dict[Role, Mapping[str, Frames]] = {
        role: load_file(Path(samples.folder) / f"{variant}.safetensors")
        for role, variant in variants.items()
        if variant in samples.variants
    }
    truth = {clip.clip_id: given(clip.truth) for clip in measured}
    still = {clip.clip_id: np.repeat(given(clip.person)[None], len(truth[clip.clip_id]), axis=0) for clip in measured}
    ceiling = {clip.clip_id: through_codec(clip, codec).numpy() for clip in clips}
    return {**versions, "truth": truth, "ceiling": ceiling, "baseline": still}


def measure_seeds(measured: Sequence[MeasuredClip], versions: Versions, samples: GeneratedSamples) -> dict[str, Metric]:
    """Every metric in every role, the model's own over all noise seeds."""
    further = [
        measure(measured, {"model": load_file(Path(samples.folder) / f"{file_of('true', repeat)}.safetensors")})
        for repeat in range(1, samples.seeds_a_clip)
    ]
    return over_seeds([measure(measured, versions, REASONS), *further])


def exam_digest(config: EvaluationConfig, exam: Exam, training_set: TrainingSet, encoders_digest: str) -> str:
    """sha256 of all that decides an exam: clips, seeds, what the locator is fitted on and through, metrics and code."""
    decides = {
        "held_out": training_set.held_out_digest,
        "encoders": encoders_digest,
        "locator_batch": training_set.train[0].prepared_digest,
        "exam": exam.model_dump(),
        "config": config.model_dump(),
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
    configs = json.loads((Path(artifact.folder) / "network.json").read_text(encoding="utf-8"))
    network = DualStreamTransformer(
        NetworkConfig.model_validate(configs["network"]), RecipeConfig.model_validate(configs["recipe"]), streams="dual"
    )
    load_weights(network, weights)
    return network.eval().requires_grad_(False)


def _draw_clips(
    folder: Path, clips: Sequence[EvaluationClip], answers: Sequence[NetworkAnswer], artifact: LoadedArtifact
) -> None:
    """What people see beside the videos: references, the structure that the network learns, where its experts work."""
    folder.mkdir(exist_ok=True)
    for clip, answer in zip(clips, answers, strict=True):
        frames_THW3 = read_video(clip.folder / clip.record.hoi_video)[0]
        write_viewing_clip(folder / f"{clip.clip_id}_structure.mp4", frames_THW3, None, artifact.clip)
        for kind, picture_HW3 in (("person", clip.person()), ("product", clip.product())):
            if picture_HW3 is not None:
                write_image(folder / f"{clip.clip_id}_{kind}.png", picture_HW3)
        if len(answer.picks_MIN):
            router_map(answer).save(folder / f"{clip.clip_id}_router.png")


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
