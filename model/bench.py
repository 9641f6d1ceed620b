"""Measures the network against itself, two things in one run, and writes JSON.

    python -m model.bench train-step [--network tiny] [--recipe paper] [--height 96 --width 64 --frames 8 --batch 4]
    python -m model.bench inference-cost [--network tiny] [--height 96 --width 64 --frames 8]
    python -m model.bench inference-flops [--network wan_s2v_14b] [--frames 20]

train-step: one asymmetric training step against a dense-mask implementation with the public code's habits (same
weights, same numbers), and against ours with each shortcut off. inference-cost: plain backbone, RGB-only artifact, dual
stream kept, in time. inference-flops: the same counted, at 480x832 and 720x1280, on the meta device. Uses a GPU where
there is one.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from model.bench_inputs import Batch, ClipShape, random_batch
from model.bench_memory import peak_bytes
from model.bench_reference import DENSE_MASK_REFERENCE, single_habits, with_habits
from model.contracts import NetworkConfig, RecipeConfig
from model.flow_matching import add_noise, joint_loss
from model.network.dual_stream_transformer import DualStreamTransformer
from model.presets import network_preset, recipe_preset

PUBLISHED_INFERENCE_COST = {"rgb_only": 1.04, "dual_stream": 4.13}  # CoInteract, arXiv 2604.19636, ablation table
FULL_SIZES = ((480, 832), (720, 1280))


@dataclass(frozen=True)
class Measured:
    """One contender; ratios are to the first contender of the table."""

    name: str
    seconds: float | None = None
    seconds_ratio: float | None = None
    peak_mib: float | None = None
    peak_ratio: float | None = None
    teraflops: float | None = None
    flops_ratio: float | None = None


def bench_train_step(network: NetworkConfig, recipe: RecipeConfig, shape: ClipShape, repeats: int) -> list[Measured]:
    """Forward, joint loss and backward under bf16 autocast; the dense-mask implementation is 1.00."""
    device = _device()
    torch.manual_seed(0)
    ours = DualStreamTransformer(network, recipe).to(device)
    batch = random_batch(network, shape, device)
    contenders = {"dense_mask_reference": with_habits(ours, DENSE_MASK_REFERENCE), "ours": ours}
    for name, habits in single_habits().items():
        contenders[f"ours with {name}"] = with_habits(ours, habits)
    steps = {name: _train_step(model, batch, recipe) for name, model in contenders.items()}
    seconds = _interleaved_seconds(steps, repeats, device)
    peaks = {name: peak_bytes(step, device) / 2**20 for name, step in steps.items()}
    first = next(iter(steps))
    return [
        Measured(name, seconds[name], seconds[name] / seconds[first], peaks[name], peaks[name] / peaks[first])
        for name in steps
    ]


def bench_inference_cost(network: NetworkConfig, shape: ClipShape, repeats: int) -> list[Measured]:
    """One forward pass without gradients; the plain backbone is 1.00."""
    device = _device()
    batch = random_batch(network, shape, device)
    passes: dict[str, Callable[[], object]] = {}
    for name, (recipe, dual) in _inference_contenders().items():
        torch.manual_seed(0)
        model = DualStreamTransformer(network, recipe, "dual" if dual else "rgb").to(device).eval()
        passes[name] = _forward(model, batch, dual)
    seconds = _interleaved_seconds(passes, repeats, device)
    first = next(iter(passes))
    return [Measured(name, seconds[name], seconds[name] / seconds[first]) for name in passes]


def bench_inference_flops(network: NetworkConfig, frames: int, size: tuple[int, int]) -> list[Measured]:
    """FLOPs of one conditional forward pass, counted on the meta device; the plain backbone is 1.00."""
    meta = torch.device("meta")
    batch = random_batch(network, ClipShape(*size, frames), meta)
    flops: dict[str, float] = {}
    for name, (recipe, dual) in _inference_contenders().items():
        with meta:
            model = DualStreamTransformer(network, _countable(recipe), "dual" if dual else "rgb").eval()
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


def _countable(recipe: RecipeConfig) -> RecipeConfig:
    """Meta tensors cannot be dispatched by value: one expert on every token costs what its likeliest expert does."""
    if recipe.experts_at_inference == "all" or not recipe.experts:
        return recipe
    return recipe.model_copy(update={"experts": ("base",), "experts_at_inference": "all"})


def _train_step(model: DualStreamTransformer, batch: Batch, recipe: RecipeConfig) -> Callable[[], object]:
    device, generator = batch.rgb_BCThw.device, torch.Generator(batch.rgb_BCThw.device).manual_seed(0)
    sigma_B = batch.timestep_B / 1000
    rgb, hoi = (add_noise(x, sigma_B, generator) for x in (batch.rgb_BCThw, batch.hoi_BCThw))
    _, _, frames, height, width = batch.rgb_BCThw.shape
    tokens = frames * (height // 2) * (width // 2)
    regions_BN = torch.randint(3, (len(sigma_B), tokens), generator=generator, device=device)

    def step() -> None:
        model.zero_grad(set_to_none=True)
        with torch.autocast(device.type, torch.bfloat16):
            denoised = model(rgb.noisy_BCThw, batch.timestep_B, batch.conditions, hoi.noisy_BCThw, "asymmetric")
        joint_loss(denoised, rgb, hoi, batch.conditions.person_BC1hw, regions_BN, recipe).total.backward()

    return step


def _forward(model: DualStreamTransformer, batch: Batch, dual: bool) -> Callable[[], object]:
    def run() -> object:
        with torch.no_grad():
            return model(batch.rgb_BCThw, batch.timestep_B, batch.conditions, batch.hoi_BCThw if dual else None)

    return run


def _interleaved_seconds(
    contenders: dict[str, Callable[[], object]], repeats: int, device: torch.device
) -> dict[str, float]:
    """Median seconds; contenders take turns, so that a busy machine is busy for all of them."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(repeats + 1):
        for name, run in contenders.items():
            started = time.perf_counter()
            run()
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            if turn > 0:  # the first turn warms up
                seconds[name].append(time.perf_counter() - started)
    return {name: median(values) for name, values in seconds.items()}


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def main(arguments: list[str]) -> int:
    """Runs one verb, prints its table and writes it where asked."""
    parser = argparse.ArgumentParser(prog="python -m model.bench")
    parser.add_argument("verb", choices=("train-step", "inference-cost", "inference-flops"))
    parser.add_argument("--network")
    parser.add_argument("--recipe", default="paper")
    parser.add_argument("--height", type=int, default=96)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--frames", type=int)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path)
    choice = parser.parse_args(arguments)
    full = choice.verb == "inference-flops"
    network = network_preset(choice.network or ("wan_s2v_14b" if full else "tiny"))
    shape = ClipShape(choice.height, choice.width, choice.frames or (20 if full else 8), choice.batch)
    tables: dict[str, list[Measured]] = {}
    if choice.verb == "train-step":
        recipe = recipe_preset(choice.recipe)
        tables["train-step"] = bench_train_step(network, recipe, shape, choice.repeats)
    elif choice.verb == "inference-cost":
        tables["inference-cost"] = bench_inference_cost(network, shape, choice.repeats)
    else:
        for size in FULL_SIZES:
            tables[f"inference-flops {size[0]}x{size[1]}"] = bench_inference_flops(network, shape.latent_frames, size)
    _report(tables, choice.out)
    return 0


def _report(tables: dict[str, list[Measured]], out: Path | None) -> None:
    result: dict[str, Any] = {"device": str(_device()), "threads": torch.get_num_threads()}
    result |= {"published_inference_cost": PUBLISHED_INFERENCE_COST}
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
