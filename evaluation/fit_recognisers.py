"""Fit what measuring needs for an examiner: once, for all exams that are held with it.

    python -m evaluation.fit_recognisers runs/<id>

In: the examiner, through whose codec the training clips are seen, and the training set, from inputs.json; how many
steps, from config.yaml, section `evaluation`. Out: `recognisers.safetensors` (where the clips are the studio's),
`hand_locator.safetensors` and the receipt FittedRecognisers.
"""

import sys
from pathlib import Path

from safetensors.torch import save_file

from evaluation.contracts import EvaluationConfig
from evaluation.exam.fit_hand_locator import fit_hand_locator
from evaluation.exam.fit_recognisers import fit_recognisers
from evaluation.exam.held_out import read_clips
from evaluation.recognisers.receipt import FittedRecognisers
from evaluation.recognisers.recognisers import VERSION
from foundation.digests import files_digest
from foundation.run_folder import RunFolder
from model.artifact.rgb_artifact import load_artifact
from model.conditioning.latent_codec import LatentCodec
from model.contracts import RgbArtifact, TrainingSet


def fit(run: RunFolder) -> FittedRecognisers:
    """Do what the module says."""
    config, training_set = run.section("evaluation", EvaluationConfig), run.input("training_set", TrainingSet)
    examiner = load_artifact(Path(run.input("examiner", RgbArtifact).folder))
    return fit_on(run.path, training_set, examiner.codec, examiner.clip.motion_frames, config)


def fit_on(
    folder: Path, training_set: TrainingSet, codec: LatentCodec, motion_frames: int, config: EvaluationConfig
) -> FittedRecognisers:
    """Fit on the first training batch as this codec decodes it; the files go into the folder."""
    clips = read_clips(training_set.train[:1])
    fitted = fit_recognisers(clips, codec, motion_frames, config.locator_steps, config.seed)
    locator = fit_hand_locator(clips, codec, config.locator_steps, config.seed)
    file, locator_file = folder / "recognisers.safetensors", folder / "hand_locator.safetensors"
    if fitted is not None:
        fitted.save(file)
    if locator is not None:
        save_file(locator.state_dict(), locator_file)
    made = [path for path in (file, locator_file) if path.exists()]
    return FittedRecognisers(
        file=str(file) if fitted else None,
        hand_locator=str(locator_file) if locator else None,
        digest=files_digest(folder, made) if made else "",
        version=VERSION,
    )


def main() -> None:
    run = RunFolder(Path(sys.argv[1]))
    with run.held():
        run.finish(fit(run).model_dump())


if __name__ == "__main__":
    main()
