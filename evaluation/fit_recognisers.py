"""Fit the recognisers of the studio for an examiner: once, for all exams that are held with it.

    python -m evaluation.fit_recognisers runs/<id>

In: the examiner, through whose codec the training clips are seen, and the training set, from inputs.json; how many
steps, from config.yaml, section `evaluation`. Out: `recognisers.safetensors` and the receipt FittedRecognisers.
"""

import sys
from pathlib import Path

from evaluation.contracts import EvaluationConfig
from evaluation.exam.fit_recognisers import fit_recognisers
from evaluation.exam.held_out import read_clips
from evaluation.recognisers.receipt import FittedRecognisers
from evaluation.recognisers.recognisers import VERSION
from foundation.digests import file_sha256
from foundation.run_folder import RunFolder
from model.artifact.rgb_artifact import load_artifact
from model.contracts import RgbArtifact, TrainingSet


def fit(run: RunFolder) -> FittedRecognisers:
    """Do what the module says."""
    config, training_set = run.section("evaluation", EvaluationConfig), run.input("training_set", TrainingSet)
    examiner = load_artifact(Path(run.input("examiner", RgbArtifact).folder))
    clips = read_clips(training_set.train[:1])
    fitted = fit_recognisers(clips, examiner.codec, examiner.clip.motion_frames, config.locator_steps, config.seed)
    if fitted is None:
        return FittedRecognisers(file=None, digest="", version=VERSION)
    file = run.path / "recognisers.safetensors"
    fitted.save(file)
    return FittedRecognisers(file=str(file), digest=file_sha256(file), version=VERSION)


def main() -> None:
    run = RunFolder(Path(sys.argv[1]))
    with run.held():
        run.finish(fit(run).model_dump())


if __name__ == "__main__":
    main()
