"""Fit what measuring needs for an examiner: once, for all exams that are held with it.

    python -m evaluation.fit_recognisers runs/<id>

In: the examiner, through whose codec the training clips are seen, and the training set, from inputs.json; how many
steps, from config.yaml, section `evaluation`. Out: `recognisers.safetensors` (where the clips are the studio's),
`hand_locator.safetensors` and the receipt FittedRecognisers.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from safetensors.torch import save_file

from evaluation.contracts import EvaluationConfig
from evaluation.exam.fit_hand_locator import fit_hand_locator
from evaluation.exam.fit_recognisers import fit_recognisers
from evaluation.exam.held_out import EvaluationClip, read_clips
from evaluation.recognisers.receipt import FittedRecognisers
from evaluation.recognisers.recognisers import VERSION
from foundation.digests import files_digest
from foundation.failures import ClipError
from foundation.map_items import Spread, map_items
from foundation.run_folder import RunFolder
from model.artifact.rgb_artifact import load_artifact
from model.conditioning.latent_codec import LatentCodec
from model.contracts import RgbArtifact, TrainingSet

OpenCodec = Callable[[RunFolder], tuple[LatentCodec, int]]
"""Of a run folder: the codec that clips are seen through, and how many motion frames they have."""
Tool = Literal["recognisers", "hand_locator"]


@dataclass(frozen=True)
class _Job:
    run: Path
    codec_of: OpenCodec
    tool: Tool


def fit(run: RunFolder, codec_of: OpenCodec) -> FittedRecognisers:
    """Fit on the first training batch as this codec decodes it, both tools at once; the files go into the folder."""
    _opened(run.path, codec_of)  # before the processes start: they then have it at once
    jobs = [_Job(run.path, codec_of, tool) for tool in get_args(Tool)]
    spread = Spread(processes=run.section("evaluation", EvaluationConfig).processes)
    files: list[Path | None] = []
    for file in map_items(_fit_one, jobs, spread):
        if isinstance(file, ClipError):
            raise file
        files.append(file)
    recognisers, locator = files
    made = [path for path in files if path is not None]
    return FittedRecognisers(
        file=str(recognisers) if recognisers else None,
        hand_locator=str(locator) if locator else None,
        digest=files_digest(run.path, made) if made else "",
        version=VERSION,
    )


@cache
def _opened(run: Path, codec_of: OpenCodec) -> tuple[list[EvaluationClip], LatentCodec, int]:
    folder = RunFolder(run)
    return read_clips(folder.input("training_set", TrainingSet).train[:1]), *codec_of(folder)


def _fit_one(job: _Job) -> Path | None:
    """The file of what was fitted; None where the clips have nothing to fit it on."""
    config = RunFolder(job.run).section("evaluation", EvaluationConfig)
    clips, codec, motion_frames = _opened(job.run, job.codec_of)
    file = job.run / f"{job.tool}.safetensors"
    if job.tool == "recognisers":
        fitted = fit_recognisers(clips, codec, motion_frames, config.locator_steps, config.seed)
        if fitted is None:
            return None
        fitted.save(file)
    else:
        locator = fit_hand_locator(clips, codec, config.locator_steps, config.seed)
        if locator is None:
            return None
        save_file(locator.state_dict(), file)
    return file


def codec_of_examiner(run: RunFolder) -> tuple[LatentCodec, int]:
    """The examiner's."""
    examiner = load_artifact(Path(run.input("examiner", RgbArtifact).folder))
    return examiner.codec, examiner.clip.motion_frames


def main() -> None:
    run = RunFolder(Path(sys.argv[1]))
    with run.held():
        run.finish(fit(run, codec_of_examiner).model_dump())


if __name__ == "__main__":
    main()
