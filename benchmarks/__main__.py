"""Measures the network against itself and against the card it runs on, and writes JSON.

    python -m benchmarks block [--network wan_s2v_14b] [--only "asymmetric step"]
    python -m benchmarks guided-step [--network wan_s2v_14b] [--depths 4 8 40] [--precision bf16]
    python -m benchmarks train-step|inference --public DIR [--network scale_model --set dim=768 layers=1] [--only fp32]
    python -m benchmarks train-step [--recipe paper] [--first 2]
    python -m benchmarks inference-cost [--network tiny --height 96 --width 64 --frames 8 --batch 4]
    python -m benchmarks inference-flops [--network wan_s2v_14b] [--frames 20]

block: one block at full width, forward and backward, against the card's rate (benchmarks.block). guided-step: one step
of the sampler (benchmarks.guided_step). train-step, inference with --public: beside the authors' own code, which must
agree (benchmarks.side_by_side); train-step without it: ours with each shortcut off. inference-cost, inference-flops:
the RGB-only network against the plain backbone and both streams (benchmarks.inference_cost). Each takes --out FILE for
the JSON, which is written anew after every row. The scale model is Wan2.2-S2V-14B in small. Uses a GPU where there is
one (--public does not); on a CPU, seconds are processor seconds.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from benchmarks.block import BlockBench, chosen_ways
from benchmarks.card import measure_card
from benchmarks.guided_step import guided_rows
from benchmarks.inference_cost import FULL_SIZES, bench_inference_cost, bench_inference_flops
from benchmarks.inputs import bench_network
from benchmarks.side_by_side import side_by_side
from benchmarks.train_step import bench_train_step
from evaluation.ablation.published import INFERENCE_COST
from evaluation.ablation.random_batch import ClipShape
from evaluation.ablation.turns import measuring_device
from model.presets import recipe_preset

Rows = Iterator[tuple[str, Any]]
"""Title of a table and one row of it, as soon as it is measured."""
BESIDE = ("train-step", "inference")  # verbs that can run beside the public code
FULL = ("block", "guided-step", "inference-flops")  # verbs that measure the published network at its published size


def main(arguments: list[str]) -> int:
    """Runs one verb, prints its rows and writes them where asked."""
    choice = _choice(arguments)
    result: dict[str, Any] = {"device": str(measuring_device()), "threads": torch.get_num_threads()}
    result["published_inference_cost"] = {
        "rgb_only": INFERENCE_COST["full"],
        "dual_stream": INFERENCE_COST["no_asymmetric_mask"],
    }
    try:
        for title, row in VERBS[choice.verb](choice):
            if title not in result:
                print(title)
            result.setdefault(title, []).append(asdict(row))
            _print(asdict(row))
            _write(choice.out, result)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _block(choice: argparse.Namespace) -> Rows:
    device, ways = measuring_device(), chosen_ways(choice.only, measuring_device())
    card = measure_card(device)
    yield "card", card
    bench = BlockBench(bench_network(choice.network, choice.set), recipe_preset(choice.recipe), _shape(choice), device)
    yield "tokens", bench.shape
    for way in ways:
        yield "block", bench.measure(way, choice.repeats, card)


def _guided_step(choice: argparse.Namespace) -> Rows:
    yield "card", measure_card(measuring_device())
    network, recipe = bench_network(choice.network, choice.set), recipe_preset(choice.recipe)
    for row in guided_rows(network, recipe, _shape(choice), choice.precision, choice.depths, choice.repeats):
        yield "guided-step", row


def _train_step(choice: argparse.Namespace) -> Rows:
    network, recipe = bench_network(choice.network, choice.set), recipe_preset(choice.recipe)
    if choice.public is not None:
        yield from side_by_side(choice, network)
        return
    for row in bench_train_step(network, recipe, _shape(choice), choice.repeats, choice.first):
        yield "train-step", row


def _inference(choice: argparse.Namespace) -> Rows:
    yield from side_by_side(choice, bench_network(choice.network, choice.set))


def _inference_cost(choice: argparse.Namespace) -> Rows:
    for row in bench_inference_cost(bench_network(choice.network, choice.set), _shape(choice), choice.repeats):
        yield "inference-cost", row


def _inference_flops(choice: argparse.Namespace) -> Rows:
    network, frames = bench_network(choice.network, choice.set), _shape(choice).latent_frames
    for size in FULL_SIZES:
        for row in bench_inference_flops(network, frames, size):
            yield f"inference-flops {size[0]}x{size[1]}", row


VERBS: dict[str, Callable[[argparse.Namespace], Rows]] = {
    "block": _block,
    "guided-step": _guided_step,
    "train-step": _train_step,
    "inference": _inference,
    "inference-cost": _inference_cost,
    "inference-flops": _inference_flops,
}


def _shape(choice: argparse.Namespace) -> ClipShape:
    return ClipShape(choice.height, choice.width, choice.frames, choice.batch)


def _choice(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in VERBS:
        own, full = verbs.add_parser(verb), verb in FULL
        network, height, width, frames = ("wan_s2v_14b", 480, 832, 20) if full else ("scale_model", 256, 256, 6)
        own.add_argument("--network", default=network, help="scale_model, or a preset of conf/network")
        own.add_argument("--set", nargs="*", default=[], metavar="FIELD=VALUE", help="of the network: dim=768")
        own.add_argument("--recipe", default="paper")
        own.add_argument("--height", type=int, default=height)
        own.add_argument("--width", type=int, default=width)
        own.add_argument("--frames", type=int, default=frames, help="latent frames to denoise")
        own.add_argument("--batch", type=int, default=1)
        own.add_argument("--repeats", type=int, default=3)
        own.add_argument("--out", type=Path)
        if verb == "train-step":
            own.add_argument("--first", type=int, help="without --public: so many rows only")
        if verb in BESIDE:
            own.add_argument("--public", type=Path, required=verb == "inference", help="a checkout of the public code")
            own.add_argument("--only", nargs="*", default=[], help="groups of that name")
            own.add_argument("--no-memory", action="store_true", help="time alone: no process for every contender")
            own.add_argument("--peak", metavar="GROUP/NAME", help="that contender's memory alone, in MiB")
        elif verb == "block":
            own.add_argument("--only", nargs="*", default=[], help="rows whose names begin with one of these words")
        elif verb == "guided-step":
            own.add_argument("--depths", type=int, nargs="+", default=[4, 8], help="layers; the first two extrapolate")
            own.add_argument("--precision", choices=("bf16", "fp32"), default="bf16")
    choice = parser.parse_args(arguments)
    choice.given = arguments  # what a process of a contender's own is started with
    return choice


def _print(row: dict[str, Any]) -> None:
    """One line; what is longer than that stands in the JSON."""
    name = row.pop("name", "")
    kernels = row.pop("kernels", None)
    values = {key: value for key, value in row.items() if value is not None}
    if kernels:
        values |= {key: kernels[key] for key in ("attention_share", "products_share")}
        values["kernels"] = " ".join(kernel[:60] for kernel in kernels["attention"])
    shown = (f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}" for key, value in values.items())
    print(f"  {name:36s} " + "  ".join(shown), flush=True)


def _write(out: Path | None, result: dict[str, Any]) -> None:
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
