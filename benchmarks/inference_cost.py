"""What the RGB-only network costs beside the plain backbone and beside both streams: seconds here, FLOPs at full size.

inference-cost: seconds of one forward pass. inference-flops: the same in FLOPs, at 480x832 and 720x1280, on the meta
device. The plain backbone is 1.00.
"""

from collections.abc import Callable

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.table import Measured
from evaluation.ablation.cost import countable
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
