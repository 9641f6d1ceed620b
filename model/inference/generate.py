"""Make videos with sound from a person, speech, prompts and, if there are any, a product and a skeleton video.

    python -m model.inference.generate ARTIFACT --person P.png --audio A.wav --prompt "..." --out V.mp4
        [--prompt "..." ...] [--product Q.png] [--pose S.mp4] [--seed N ...] [--seconds S] [--sampling JSON]
    python -m model.inference.generate ARTIFACT --csv LIST.csv --out V.mp4 [--seed N ...] [--seconds S]

Pictures may have any size, sound any rate. Each prompt is a clip of the artifact's own length (or --seconds of it) and
goes on from the clip before; of longer sound the beginning is used. Beside V.mp4 lie V_contact_sheet.png and V.json,
which holds the picture's change at every seam. The artifact folder is all it needs.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from model.artifact.rgb_artifact import ClipShape, LoadedArtifact, load_artifact
from model.conditioning.latent_codec import TIME_STRIDE
from model.contracts import SamplingConfig
from model.inference.chain import ChainInputs, check_chains, generate_chain
from model.inference.contact_sheet import contact_sheet
from model.inference.orders import ClipOrder, read_orders
from model.inference.read_inputs import read_image, read_pose, read_sound
from model.inference.seams import in_words, measure_seams
from model.inference.write_clip import write_clip

Report = Callable[[int, int], None]


def generate(artifact: LoadedArtifact, order: ClipOrder, report: Report | None = None) -> list[Path]:
    """Write the order's videos, one a seed, and return where they are.

    Raises:
        ValueError: an input cannot be read or does not fit, named with its fix.
    """
    if len(order.prompts) > 1:
        check_chains(artifact)
    inputs = read_inputs(artifact.clip, order)
    video_BCTHW = generate_chain(artifact, inputs, order.seeds, report)
    for seed, video_CTHW in zip(order.seeds, video_BCTHW.cpu(), strict=True):
        _write(artifact, order, inputs, seed, video_CTHW)
    return [order.file(seed) for seed in order.seeds]


def read_inputs(clip: ClipShape, order: ClipOrder) -> ChainInputs:
    """The order's files. ValueError: see `generate`."""
    frames_per_clip = new_frames(clip, order.seconds)
    frames = frames_per_clip * len(order.prompts)
    return ChainInputs(
        prompts=order.prompts,
        frames_per_clip=frames_per_clip,
        person_1C1HW=read_image(order.person, clip),
        samples=read_sound(order.audio, clip, frames),
        product_1C1HW=read_image(order.product, clip) if order.product else None,
        product_scale=order.product_scale,
        pose_1CTHW=read_pose(order.pose, clip, frames) if order.pose else None,
    )


def new_frames(clip: ClipShape, seconds: float | None) -> int:
    """How many frames (4T, at most the clip's own but its reference) show `seconds`.

    Raises:
        ValueError: longer than one clip, or shorter than four frames.
    """
    if seconds is None:
        return clip.frames - 1
    frames = TIME_STRIDE * round(seconds * clip.frames_per_second / TIME_STRIDE)
    if not TIME_STRIDE <= frames <= clip.frames - 1:
        shortest, longest = (count / clip.frames_per_second for count in (TIME_STRIDE, clip.frames - 1))
        raise ValueError(
            f"--seconds {seconds:g}: a clip of this model lasts {shortest:.2f} to {longest:.2f} s; "
            "ask for that, and for more clips with more than one --prompt"
        )
    return frames


def _write(
    artifact: LoadedArtifact, order: ClipOrder, inputs: ChainInputs, seed: int, video_CTHW: torch.Tensor
) -> None:
    """The MP4, what is known about it, and a picture of it."""
    file = order.file(seed)
    write_clip(file, video_CTHW, inputs.samples, artifact.clip)
    seams = measure_seams(video_CTHW, inputs.frames_per_clip)
    about = {
        "artifact": str(artifact.folder),
        "stage_two_weights_sha256": artifact.manifest.stage_two_weights_sha256,
        "seed": seed,
        "sampling": artifact.sampling.model_dump(),
        "inputs": {name: _name(getattr(order, name)) for name in ("person", "product", "audio", "pose")},
        "prompts": list(order.prompts),
        "frames_per_clip": inputs.frames_per_clip,
        "seams": seams.model_dump(),
    }
    file.with_suffix(".json").write_text(json.dumps(about, indent=1) + "\n")
    sheet = file.with_name(f"{file.stem}_contact_sheet.png")
    title = f"{file.name}: seed {seed}, {artifact.sampling.steps} steps, guidance {artifact.sampling.guidance:g}"
    contact_sheet(video_CTHW, inputs, seams, title).save(sheet)
    for line in in_words(seams):
        print(line, flush=True)
    print(f"video: {file}", flush=True)


def _name(file: Path | None) -> str | None:
    return None if file is None else str(file)


def _report(before: int, total: int) -> Report:
    """Prints the steps of one order as steps of all: `before` were done in the orders before it."""
    return lambda done, _: print(f"progress {before + done}/{total} denoising steps", flush=True)


def _orders(arguments: argparse.Namespace) -> Sequence[ClipOrder]:
    seeds = tuple(arguments.seed or [0])
    if arguments.csv is not None:
        return read_orders(arguments.csv, arguments.out, seeds, arguments.seconds)
    if missing := [name for name in ("person", "audio", "prompt") if not getattr(arguments, name)]:
        raise ValueError(f"--{missing[0]} is missing: give --person, --audio and --prompt, or a list with --csv")
    return [
        ClipOrder(
            person=arguments.person,
            audio=arguments.audio,
            prompts=arguments.prompt,
            out=arguments.out,
            product=arguments.product,
            pose=arguments.pose,
            seeds=seeds,
            seconds=arguments.seconds,
        )
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Generate videos with sound.")
    parser.add_argument("artifact", type=Path, help="folder that model.artifact.export wrote")
    parser.add_argument("--person", type=Path, help="picture of the person")
    parser.add_argument("--audio", type=Path, help="speech; its beginning is used")
    parser.add_argument("--prompt", action="append", help="what the person does; once for every clip")
    parser.add_argument("--product", type=Path, help="picture of the product")
    parser.add_argument("--pose", type=Path, help="skeleton video that the person follows")
    parser.add_argument("--csv", type=Path, help="a list of videos in the authors' format, in place of all these")
    parser.add_argument("--seed", type=int, action="append", help="several: a video each, made together")
    parser.add_argument("--seconds", type=float, help="shorter clips than the model's whole one")
    parser.add_argument("--sampling", default="{}", help="JSON of SamplingConfig fields that replace the artifact's")
    parser.add_argument("--out", type=Path, required=True, help="the MP4 to write")
    return parser


def main() -> None:
    arguments = _parser().parse_args()
    orders = _orders(arguments)
    artifact = load_artifact(arguments.artifact, "cuda" if torch.cuda.is_available() else "cpu")
    changed = {**artifact.sampling.model_dump(), **json.loads(arguments.sampling)}
    artifact = replace(artifact, sampling=SamplingConfig.model_validate(changed))
    steps = [artifact.sampling.steps * len(order.prompts) for order in orders]
    for number, order in enumerate(orders):
        generate(artifact, order, _report(sum(steps[:number]), sum(steps)))


if __name__ == "__main__":
    main()
