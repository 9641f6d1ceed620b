"""Make videos with sound from a person, speech, prompts and, if there are any, a product and a skeleton video.

    python -m model.inference.generate ARTIFACT --person P.png --audio A.wav --prompt "..." --out V.mp4
        [--prompt "..." ...] [--product Q.png] [--pose S.mp4] [--seed N ...] [--seconds S] [--sampling JSON]
    python -m model.inference.generate ARTIFACT --csv LIST.csv --out V.mp4 [--seed N ...] [--seconds S]

Pictures may have any size, sound any rate. Each prompt is a clip of the artifact's own length (or --seconds of it) and
continues the clip before; of longer sound the beginning is used. Beside V.mp4 lie V_contact_sheet.png and V.json, which
holds the picture's change at every seam. The artifact folder is all it needs.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from foundation.progress import report_progress
from model.inference.generated_video import check_name
from model.inference.generator import Generator
from model.inference.requests import GenerationRequest, read_requests
from model.inference.sampler import Report
from model.inference.seams import in_words


def generate(generator: Generator, requests: Sequence[GenerationRequest], files: Sequence[Path]) -> None:
    """Make and save each request's videos, and print where they are. ValueError: see Generator."""
    steps = [generator.sampling(request).steps * len(request.prompts) for request in requests]
    for number, (request, file) in enumerate(zip(requests, files, strict=True)):
        videos = generator.generate_all(request, _report(sum(steps[:number]), sum(steps)))
        for seed, video in zip(request.seeds, videos, strict=True):
            path = video.save(file if len(videos) == 1 else file.with_stem(f"{file.stem}_seed{seed}"))
            for line in (*in_words(video.seams), f"video: {path}"):
                print(line, flush=True)


def _report(before: int, total: int) -> Report:
    """Prints the steps of one request as steps of all: `before` were done in the requests before it."""
    return lambda done, _: report_progress(before + done, total, "denoising steps")


def _requests(arguments: argparse.Namespace) -> list[GenerationRequest]:
    common: dict[str, Any] = {
        "seeds": arguments.seed or [0],
        "seconds": arguments.seconds,
        "sampling": json.loads(arguments.sampling),
    }
    if arguments.csv is not None:
        return read_requests(arguments.csv, common)
    if missing := [name for name in ("person", "audio", "prompt") if not getattr(arguments, name)]:
        raise ValueError(f"--{missing[0]} is missing: give --person, --audio and --prompt, or a list with --csv")
    inputs = {name: getattr(arguments, name) for name in ("person", "audio", "product", "pose")}
    return [GenerationRequest(**inputs, prompts=arguments.prompt, **common)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Generate videos with sound.")
    parser.add_argument("artifact", type=Path, help="folder that model.artifact.export wrote")
    parser.add_argument("--person", type=Path, help="picture of the person")
    parser.add_argument("--audio", type=Path, help="speech; its beginning is used")
    parser.add_argument("--prompt", action="append", help="what the person does; once for every clip")
    parser.add_argument("--product", type=Path, help="picture of the product")
    parser.add_argument("--pose", type=Path, help="skeleton video that the person follows")
    parser.add_argument("--csv", type=Path, help="a list of videos in the authors' format, in place of all these")
    parser.add_argument("--seed", type=int, action="append", help="several: a video each, generated together")
    parser.add_argument("--seconds", type=float, help="shorter clips than the model's whole one")
    parser.add_argument("--sampling", default="{}", help="JSON of SamplingConfig fields that replace the artifact's")
    parser.add_argument("--registered-as", nargs=2, metavar=("MODEL", "VERSION"), help="for the videos' metadata")
    parser.add_argument("--out", type=Path, required=True, help="the MP4 to write")
    return parser


def main() -> None:
    arguments = _parser().parse_args()
    out, requests = check_name(arguments.out), _requests(arguments)
    files = [out] if arguments.csv is None else [out.with_stem(f"{out.stem}_{row:03d}") for row in range(len(requests))]
    known = tuple(arguments.registered_as) if arguments.registered_as else None
    generate(Generator(arguments.artifact, known), requests, files)


if __name__ == "__main__":
    main()
