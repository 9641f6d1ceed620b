"""Fit what measuring needs through the training set's codec: once, for every arm.

    python -m evaluation.ablation.fit_tools runs/<id>

In: encoders and training set (inputs.json); config.yaml, sections `evaluation`, `encoding` and `clip`. Out: as
evaluation.fit_recognisers, which needs an exported artifact, and there is none of an arm.
"""

import sys
from pathlib import Path

from evaluation.contracts import EvaluationConfig
from evaluation.fit_recognisers import fit_on
from evaluation.recognisers.receipt import FittedRecognisers
from foundation.clip_format import ClipFormat
from foundation.run_folder import RunFolder
from model.conditioning.build import build_codec
from model.contracts import Encoders, EncodingConfig, TrainingSet


def fit_tools(run: RunFolder) -> FittedRecognisers:
    """Do what the module says. ValueError: the encoders' files are missing."""
    encoding, clip = run.section("encoding", EncodingConfig), run.section("clip", ClipFormat)
    codec = build_codec(encoding.latent_codec, Path(run.input("encoders", Encoders).folder))
    training_set = run.input("training_set", TrainingSet)
    return fit_on(run.path, training_set, codec, clip.motion_frames, run.section("evaluation", EvaluationConfig))


def main() -> None:
    run = RunFolder(Path(sys.argv[1]))
    with run.held():
        run.finish(fit_tools(run).model_dump())


if __name__ == "__main__":
    main()
