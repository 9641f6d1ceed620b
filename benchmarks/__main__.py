"""Measures the network against itself, two things in one run, and writes JSON.

    python -m benchmarks train-step [--network scale_model --set dim=768 layers=1] [--recipe paper] [--first 2]
    python -m benchmarks inference-cost [--network tiny --height 96 --width 64 --frames 8 --batch 4]
    python -m benchmarks inference-flops [--network wan_s2v_14b] [--frames 20]

train-step: one asymmetric training step against a dense-mask implementation with the public code's conventions (same
weights, same numbers), and against ours with each shortcut off. inference-cost: seconds of the plain backbone, the
RGB-only artifact and both streams. inference-flops: the same in FLOPs, at 480x832 and 720x1280, on the meta device.
Each takes --out FILE for the JSON. The scale model is Wan2.2-S2V-14B in small. Uses a GPU where there is one; on a CPU,
seconds are processor seconds.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.inputs import bench_network
from benchmarks.table import Measured
from benchmarks.train_step import bench_train_step
from evaluation.ablation.cost import countable
from evaluation.ablation.published import INFERENCE_COST
from evaluation.ablation.random_batch import Batch, ClipShape, random_batch
from evaluation.ablation.turns import interleaved_seconds, measuring_device
from model.contracts import NetworkConfig, RecipeConfig
from model.network.dual_stream_transformer import DualStreamTransformer
from model.presets import recipe_preset

FULL_SIZES = ((480, 832), (720, 1280))


def bench_inference_cost(network: NetworkConfig, shape: ClipShape, repeats: int) -> list[Measured]:
    """One forward pass without gradients; the plain backbone is 1.00."""
    device = measuring_device()
    batch = random_batch(network, shape, device)
    passes: dict[str, Callable[[], object]] = {}
    for name, (recipe, dual) in _inference_contenders().items():
        torch.manual_seed(0)
        model = DualStreamTransformer(network, recipe, "dual" if dual else "rgb").to(device).eval()
        passes[name] = _forward(model, batch, dual)
    seconds = interleaved_seconds(passes, repeats, device)
    first = next(iter(passes))
    return [Measured(name, seconds[name], seconds[name] / seconds[first]) for name in passes]


def bench_inference_flops(network: NetworkConfig, frames: int, size: tuple[int, int]) -> list[Measured]:
    """FLOPs of one conditional forward pass, counted on the meta device; the plain backbone is 1.00."""
    meta = torch.device("meta")
    batch = random_batch(network, ClipShape(*size, frames), meta)
    flops: dict[str, float] = {}
    for name, (recipe, dual) in _inference_contenders().items():
        with meta:
            model = DualStreamTransformer(network, countable(recipe), "dual" if dual else "rgb").eval()
        with FlopCounterMode(display=False) as counter:
            _forward(model, batch, dual)()
        flops[name] = counter.get_total_flops() / 1e12
    first = next(iter(flops))
    return [Measured(name, teraflops=flops[name], flops_ratio=flops[name] / flops[first]) for name in flops]


def _inference_contenders() -> dict[str, tuple[RecipeConfig, bool]]:
    """Name -> recipe, and whether the HOI stream runs."""
    paper, released = recipe_preset("paper"), recipe_preset("released")
    return {
        "plain_backbone": (released.model_copy(update={"experts": ()}), False),
        "rgb_only_released": (released, False),
        "rgb_only_paper": (paper, False),
        "rgb_only_paper_all_experts": (paper.model_copy(update={"experts_at_inference": "all"}), False),
        "dual_stream_paper": (paper, True),
    }


def _forward(model: DualStreamTransformer, batch: Batch, dual: bool) -> Callable[[], object]:
    def run() -> object:
        with torch.no_grad():
            return model(batch.rgb_BCThw, batch.timestep_B, batch.conditions, batch.hoi_BCThw if dual else None)

    return run


def main(arguments: list[str]) -> int:
    """Runs one verb, prints its table and writes it where asked."""
    choice = _choice(arguments)
    try:
        tables = _measured(choice)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    _report(tables, choice.out)
    return 0


def _measured(choice: argparse.Namespace) -> dict[str, list[Measured]]:
    full = choice.verb == "inference-flops"
    network = bench_network(choice.network or ("wan_s2v_14b" if full else "scale_model"), choice.set)
    shape = ClipShape(choice.height, choice.width, choice.frames or (20 if full else 6), choice.batch)
    tables: dict[str, list[Measured]] = {}
    if choice.verb == "train-step":
        recipe = recipe_preset(choice.recipe)
        tables["train-step"] = bench_train_step(network, recipe, shape, choice.repeats, choice.first)
    elif choice.verb == "inference-cost":
        tables["inference-cost"] = bench_inference_cost(network, shape, choice.repeats)
    else:
        for size in FULL_SIZES:
            tables[f"inference-flops {size[0]}x{size[1]}"] = bench_inference_flops(network, shape.latent_frames, size)
    return tables


def _choice(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("verb", choices=("train-step", "inference-cost", "inference-flops"))
    parser.add_argument("--network", help="scale_model, or a preset of conf/network")
    parser.add_argument("--set", nargs="*", default=[], metavar="FIELD=VALUE", help="changes to the network: dim=768")
    parser.add_argument("--recipe", default="paper")
    parser.add_argument("--height", type=int, default=256)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--frames", type=int, help="latent frames to denoise")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--first", type=int, help="train-step: so many rows only; 2 is the reference and ours")
    parser.add_argument("--out", type=Path)
    return parser.parse_args(arguments)


def _report(tables: dict[str, list[Measured]], out: Path | None) -> None:
    result: dict[str, Any] = {"device": str(measuring_device()), "threads": torch.get_num_threads()}
    published = {"rgb_only": INFERENCE_COST["full"], "dual_stream": INFERENCE_COST["no_asymmetric_mask"]}
    result |= {"published_inference_cost": published}
    for title, rows in tables.items():
        result[title] = [asdict(row) for row in rows]
        print(title)
        for row in rows:
            values = {key: value for key, value in asdict(row).items() if key != "name" and value is not None}
            print(f"  {row.name:36s} " + "  ".join(f"{key} {value:9.3f}" for key, value in values.items()))
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
