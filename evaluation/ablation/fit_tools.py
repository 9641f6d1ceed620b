"""Fit what measuring needs through the training set's codec: once, for every arm.

    python -m evaluation.ablation.fit_tools runs/<id>

In: encoders and training set (inputs.json); config.yaml, sections `evaluation`, `encoding` and `clip`. Out: as
evaluation.fit_recognisers, which needs an exported artifact, and there is none of an arm.
"""

import sys
from pathlib import Path

from evaluation.fit_recognisers import fit
from foundation.clip_format import ClipFormat
from foundation.run_folder import RunFolder
from model.conditioning.build import build_codec
from model.conditioning.latent_codec import LatentCodec
from model.contracts import Encoders, EncodingConfig


def codec_of_encoders(run: RunFolder) -> tuple[LatentCodec, int]:
    """The training set's codec. ValueError: the encoders' files are missing."""
    encoding, clip = run.section("encoding", EncodingConfig), run.section("clip", ClipFormat)
    return build_codec(encoding.latent_codec, Path(run.input("encoders", Encoders).folder)), clip.motion_frames


def main() -> None:
    run = RunFolder(Path(sys.argv[1]))
    with run.held():
        run.finish(fit(run, codec_of_encoders).model_dump())


if __name__ == "__main__":
    main()
