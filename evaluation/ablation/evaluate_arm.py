"""Generate the open exam's clips with one arm, trained with one seed, and measure them.

    python -m evaluation.ablation.evaluate_arm runs/<id>

In: the arm's stage two, the training set, its encoders and the fitted recognisers (inputs.json); config.yaml, sections
`network`, `recipe`, `encoding`, `sampling` and `evaluation`. Out: `samples/<noise seed>.safetensors`,
`contact_sheet.png` and the receipt ArmResult. The weights are stage two's own: nothing is exported.
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from evaluation.ablation.arm_network import ArmConfigs, ArmSampler, Video, arm_sampler
from evaluation.ablation.contracts import ArmResult
from evaluation.contracts import EvaluationConfig, Metric
from evaluation.evaluate import REASONS
from evaluation.exam.ask_network import ask_network
from evaluation.exam.clip_groups import groups_of
from evaluation.exam.fit_recognisers import exact_of
from evaluation.exam.hand_locator import HandsInFile
from evaluation.exam.held_out import EvaluationClip, read_clips
from evaluation.exam.known_clips import measured_clip
from evaluation.exam.open_and_sealed import open_exam
from evaluation.measure import Versions, measure_takes
from evaluation.measuring.clip import MeasuredClip
from evaluation.noise_seeds import over_seeds
from evaluation.recognisers.receipt import FittedRecognisers
from evaluation.recognisers.recognisers import fitted
from evaluation.report.contact_sheet import SheetRow, contact_sheet
from foundation.clip_format import ClipFormat
from foundation.progress import report_progress
from foundation.run_folder import RunFolder
from model.conditioning.build import build_codec
from model.conditioning.latent_codec import LatentCodec
from model.conditioning.pixels import to_bytes
from model.contracts import (
    Encoders,
    EncodingConfig,
    NetworkConfig,
    RecipeConfig,
    SamplingConfig,
    TrainedStage,
    TrainingSet,
)
from model.encoding.encoders_folder import read_empty_text

CLIPS_AT_ONCE, SHEET_CLIPS = 8, 4
Frames = list[dict[str, Tensor]]
"""One mapping a noise seed: clip -> frames uint8 [T,H,W,3]."""


def evaluate_arm(run: RunFolder) -> ArmResult:
    """Do what the module says.

    Raises:
        ValueError: the weights changed, or there are fewer held-out clips than the exam needs.
    """
    config, training_set = run.section("evaluation", EvaluationConfig), run.input("training_set", TrainingSet)
    stage, exam = run.input("stage_two", TrainedStage), open_exam(config)
    assert stage.ablation is not None
    clips = read_clips(training_set.held_out, exam)
    configs = ArmConfigs(
        network=run.section("network", NetworkConfig),
        recipe=run.section("recipe", RecipeConfig),
        sampling=run.section("sampling", SamplingConfig),
    )
    device = "cuda" if torch.cuda.is_available() else "cpu"
    folder = Path(run.input("encoders", Encoders).folder)
    codec = build_codec(run.section("encoding", EncodingConfig).latent_codec, folder, device)
    sampler = arm_sampler(configs, stage, read_empty_text(folder), device)
    frames = _generated(sampler, codec, clips, (config.seeds_a_clip, exam.seed))
    _keep(run.path, clips, frames)
    measured = _measured_clips(run, sampler, clips, config)
    metrics = _metrics(measured, frames, config.processes)
    return ArmResult(
        arm=stage.ablation,
        seed=stage.before[0].seed,
        folder=str(run.path),
        weights_sha256=stage.weights_sha256,
        metrics=metrics,
        clips=groups_of(clips, training_set.train),
        losses=stage.final_losses,
    )


def _generated(sampler: ArmSampler, codec: LatentCodec, clips: list[EvaluationClip], seeds: tuple[int, int]) -> Frames:
    """`seeds`: how many a clip, and the exam's."""
    seeds_a_clip, seed = seeds
    videos: list[Video] = [(clip, repeat) for repeat in range(seeds_a_clip) for clip in clips]
    frames: Frames = [{} for _ in range(seeds_a_clip)]
    for start in range(0, len(videos), CLIPS_AT_ONCE):
        report_progress(start, len(videos), "held-out clips generated")
        some = videos[start : start + CLIPS_AT_ONCE]
        for (clip, repeat), video_CTHW in zip(some, sampler.clips(codec, some, seed), strict=True):
            frames[repeat][clip.clip_id] = torch.from_numpy(to_bytes(video_CTHW)).contiguous()
    report_progress(len(videos), len(videos), "held-out clips generated")
    return frames


def _measured_clips(
    run: RunFolder, sampler: ArmSampler, clips: list[EvaluationClip], config: EvaluationConfig
) -> list[MeasuredClip]:
    """The clips with what the network answers about them, attending as it was trained, and what sees them."""
    tools, motion = run.input("recognisers", FittedRecognisers), run.section("clip", ClipFormat).motion_frames
    locator, recognisers = HandsInFile(tools.hand_locator) if tools.hand_locator else None, fitted(tools)
    attention = "full" if sampler.both_streams else "asymmetric"
    network = sampler.network.cpu()
    precision = sampler.sampling.precision
    answers = [ask_network(network, clip, config.noise_levels, config.seed, attention, precision) for clip in clips]
    return [
        measured_clip(clip, locator, answer, (recognisers, exact_of(clip, motion)))
        for clip, answer in zip(clips, answers, strict=True)
    ]


def _metrics(measured: list[MeasuredClip], frames: Frames, processes: int) -> dict[str, Metric]:
    takes: list[Versions] = [
        {"model": {clip: frames_THW3.numpy() for clip, frames_THW3 in of_seed.items()}} for of_seed in frames
    ]
    return over_seeds(measure_takes(measured, takes, REASONS, processes))


def _keep(folder: Path, clips: list[EvaluationClip], frames: Frames) -> None:
    """What was generated, and some of it to look at."""
    (folder / "samples").mkdir(exist_ok=True)
    for repeat, of_seed in enumerate(frames):
        save_file(of_seed, folder / "samples" / f"{repeat}.safetensors")
    rows = [
        SheetRow(clip.record.prompt, clip.person(), clip.product(), clip.frames(), frames[0][clip.clip_id].numpy())
        for clip in clips[:SHEET_CLIPS]
    ]
    contact_sheet(rows).save(folder / "contact_sheet.png")


def main() -> None:
    run = RunFolder(Path(sys.argv[1]))
    with run.held():
        run.finish(evaluate_arm(run).model_dump())


if __name__ == "__main__":
    main()
