"""Make one video with sound from a person, speech, a prompt and, if there is one, a product.

    python -m model.inference.generate ARTIFACT --person P.png --audio A.wav --prompt "..." --out V.mp4
        [--product Q.png] [--seed N] [--seconds S]

Pictures may have any size, sound any rate. One clip is made (the artifact's own length, or --seconds of it); of longer
sound the beginning is used. The artifact folder is all it needs.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import torch

from model.inference.read_inputs import read_image, read_sound
from model.inference.rgb_artifact import ClipShape, LoadedArtifact, load_artifact
from model.inference.sampler import generate_clips
from model.inference.write_clip import write_clip
from model.network.streams import Conditions


@dataclass(frozen=True)
class ClipOrder:
    """What a person asks for."""

    person: Path
    audio: Path
    prompt: str
    out: Path
    product: Path | None = None
    seed: int = 0
    seconds: float | None = None  # None: the artifact's whole clip


def generate(artifact: LoadedArtifact, order: ClipOrder) -> Path:
    """Write the video and return where it is.

    Raises:
        ValueError: an input cannot be read or does not fit, named with its fix.
    """
    frames = clip_frames(artifact.clip, order.seconds)
    samples = read_sound(order.audio, artifact.clip, frames)
    encode = artifact.codec.encode
    conditions = Conditions(
        text_BLD=artifact.text.encode([order.prompt]),
        person_BC1hw=encode(read_image(order.person, artifact.clip)),
        audio_BKAS=artifact.audio.encode(samples, frames)[None],
        product_BC1hw=encode(read_image(order.product, artifact.clip)) if order.product else None,
    )
    video_BCTHW = generate_clips(artifact, conditions, [order.seed], _report)
    write_clip(order.out, video_BCTHW[0], samples, artifact.clip)
    return order.out


def clip_frames(clip: ClipShape, seconds: float | None) -> int:
    """How many frames (4k + 1, at most the clip's own) show `seconds`.

    Raises:
        ValueError: longer than one clip, or shorter than five frames.
    """
    if seconds is None:
        return clip.frames
    frames = 1 + 4 * round((seconds * clip.frames_per_second - 1) / 4)
    if not 5 <= frames <= clip.frames:
        raise ValueError(
            f"--seconds {seconds:g}: this model makes one clip of {5 / clip.frames_per_second:.2f} to "
            f"{clip.seconds:.2f} s; ask for that"
        )
    return frames


def _report(done: int, total: int) -> None:
    print(f"progress {done}/{total} denoising steps", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Generate one video with sound.")
    parser.add_argument("artifact", type=Path, help="folder that model.inference.export wrote")
    parser.add_argument("--person", type=Path, required=True, help="picture of the person")
    parser.add_argument("--audio", type=Path, required=True, help="speech; its beginning is used")
    parser.add_argument("--prompt", required=True, help="what the person does")
    parser.add_argument("--product", type=Path, help="picture of the product")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, help="a shorter video than the model's whole clip")
    parser.add_argument("--out", type=Path, required=True, help="the MP4 to write")
    arguments = vars(parser.parse_args())
    artifact = load_artifact(arguments.pop("artifact"), "cuda" if torch.cuda.is_available() else "cpu")
    print(f"video: {generate(artifact, ClipOrder(**arguments))}", flush=True)


if __name__ == "__main__":
    main()
