"""One step of the sampler on the RGB-only network: both sides of guidance, at a few depths and as deep as fits.

    python -m benchmarks guided-step [--network wan_s2v_14b --height 480 --width 832 --frames 20] [--depths 4 8 40]

What a layer takes is the difference of the first two depths, so that embeddings, sound and head do not count as layers;
a row of its own says what the whole network would then take, and that it is extrapolated.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

from benchmarks.block_flops import BlockShape, block_flops
from benchmarks.kernels_used import KernelsUsed, kernels_used, require_flash
from evaluation.ablation.cost import countable
from evaluation.ablation.random_batch import ClipShape, random_batch
from evaluation.ablation.turns import turns
from model.contracts import NetworkConfig, Precision, RecipeConfig, SamplingConfig
from model.inference.guidance import GuidedVelocity
from model.network.attention_plan import plan_attention, token_layout
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.stored_precision import store_matrices

GUIDANCE, SHIFT, SIGMA = 5.0, 7.0, 0.5


@dataclass(frozen=True)
class GuidedRow:
    """One depth of the network."""

    layers: int
    precision: Precision
    measured: bool  # False: extrapolated from the first two depths
    seconds: float
    teraflop: float  # of the blocks, counted from the shapes
    tflops: float
    peak_gib: float | None = None  # everything: weights and what a step needs
    kernels: KernelsUsed | None = None


def guided_rows(
    network: NetworkConfig, recipe: RecipeConfig, clip: ClipShape, precision: Precision, depths: list[int], repeats: int
) -> Iterator[GuidedRow]:
    """A row a depth, then the whole network extrapolated. ValueError: fewer than two depths."""
    if len(set(depths[:2])) < 2:
        raise ValueError(
            f"--depths {' '.join(map(str, depths))}: give two different ones, to tell a layer from the rest"
        )
    measured: list[GuidedRow] = []
    for layers in depths:
        injected = [layer for layer in network.audio_injection_layers if layer < layers]
        cut = network.model_copy(update={"layers": layers, "audio_injection_layers": injected})
        measured.append(measure_depth(cut, recipe, clip, precision, repeats))
        yield measured[-1]
    yield extrapolated(measured, network.layers)


def measure_depth(
    network: NetworkConfig, recipe: RecipeConfig, clip: ClipShape, precision: Precision, repeats: int
) -> GuidedRow:
    """A guided step of a network of `network.layers` layers. torch.OutOfMemoryError: it does not fit."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    run = _guided(_random_network(network, recipe, precision, device), clip, precision)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    seconds = sorted(turns({"": run}, repeats, device)[""])[repeats // 2]
    peak = torch.cuda.max_memory_allocated(device) / 2**30 if device.type == "cuda" else None
    used = kernels_used(run, device)
    if device.type == "cuda" and precision == "bf16":
        require_flash(used)
    flops = network.layers * layer_flops(network, recipe, clip) / 1e12
    return GuidedRow(network.layers, precision, True, seconds, flops, flops / seconds, peak, used)


def extrapolated(rows: list[GuidedRow], layers: int) -> GuidedRow:
    """From the first two depths to `layers`."""
    shallow, deep = rows[:2]
    between = deep.layers - shallow.layers
    seconds = shallow.seconds + (layers - shallow.layers) * (deep.seconds - shallow.seconds) / between
    flops = shallow.teraflop / shallow.layers * layers
    return GuidedRow(layers, shallow.precision, False, seconds, flops, flops / seconds)


def layer_flops(network: NetworkConfig, recipe: RecipeConfig, clip: ClipShape) -> float:
    """Of one block for both sides of guidance; a token's likeliest expert alone counts where no other runs."""
    meta = torch.device("meta")
    batch = random_batch(network, clip, meta)
    layout = token_layout(network, batch.rgb_BCThw, batch.conditions)
    plan = plan_attention(network, recipe, layout, "asymmetric", batch.conditions)
    target = layout.frames * layout.rows * layout.columns
    clean = plan.rotary.cos_S1P.shape[0] - 2 * target
    shape = BlockShape(target, clean, 0, network.text_tokens, 0, 2 * clip.batch)
    return block_flops(network, countable(recipe), shape, "asymmetric").forward


def _random_network(
    network: NetworkConfig, recipe: RecipeConfig, precision: Precision, device: torch.device
) -> DualStreamTransformer:
    """Random weights, never two copies of them: drawn where and as they are stored."""
    with torch.device("meta"):
        model = DualStreamTransformer(network, recipe, "rgb")
        store_matrices(model, precision)
    model.to_empty(device=device).requires_grad_(False).eval()
    torch.manual_seed(0)
    for name, parameter in model.named_parameters():
        parameter.normal_(std=network.dim**-0.5)
        if "norm" in name and name.endswith("weight"):
            parameter.add_(1)
    return model


def _guided(model: DualStreamTransformer, clip: ClipShape, precision: Precision) -> Callable[[], object]:
    device = next(model.parameters()).device
    batch = random_batch(model.network, clip, device)
    sampling = SamplingConfig(steps=1, guidance=GUIDANCE, sigma_shift=SHIFT, precision=precision, guidance_passes="two")
    velocity = GuidedVelocity(model, batch.conditions, torch.zeros_like(batch.conditions.text_BLD[0]), sampling)
    sigma_B = torch.full((clip.batch,), SIGMA, device=device)

    @torch.no_grad()
    def run() -> object:
        return velocity(batch.rgb_BCThw, sigma_B)

    return run
