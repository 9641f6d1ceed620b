"""One transformer block at its true width: time, share of the card's rate, memory, and the kernels that ran.

    python -m benchmarks block [--network wan_s2v_14b --height 480 --width 832 --frames 20] [--only asymmetric compiled]

Both streams' tokens of one clip through the real block, bf16 autocast, in every way that training or sampling runs it:
attention asymmetric or full, forward alone or with backward, layers recomputed, compiled, trained from fp32 masters or
frozen in bf16, and with either flash kernel. A line of JSON is printed as soon as a row is measured. On a GPU a row is
refused where attention did not run as flash attention.

Shape legend: B batch, N target or HOI tokens, R clean tokens, D width, L text tokens.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.checkpoint import checkpoint

from benchmarks.block_flops import BlockShape, block_flops
from benchmarks.card import Card
from benchmarks.kernels_used import KernelsUsed, kernels_used, require_flash
from benchmarks.memory import peak_bytes
from evaluation.ablation.random_batch import ClipShape, random_batch
from evaluation.ablation.turns import turns
from model.contracts import AttentionMode, NetworkConfig, RecipeConfig
from model.network.attention_plan import plan_attention, token_layout
from model.network.initialization import initialize
from model.network.stored_precision import store_matrices
from model.network.transformer_block import BlockInputs, Tokens, TransformerBlock

KERNELS = {"flash": SDPBackend.FLASH_ATTENTION, "cudnn": SDPBackend.CUDNN_ATTENTION}


@dataclass(frozen=True)
class Way:
    """How a block is run."""

    name: str
    mode: AttentionMode = "asymmetric"
    backward: bool = True
    recomputed: bool = False
    frozen: bool = False  # weights in bf16, without gradients
    compiled: bool = False
    kernel: str | None = None  # None: what the library chooses


WAYS = (
    Way("asymmetric forward", backward=False),
    Way("full forward", mode="full", backward=False),
    Way("asymmetric step"),
    Way("full step", mode="full"),
    Way("asymmetric step recomputed", recomputed=True),
    Way("full step recomputed", mode="full", recomputed=True),
    Way("asymmetric step frozen in bf16", frozen=True),
    Way("asymmetric step frozen in bf16 recomputed", frozen=True, recomputed=True),
    Way("asymmetric step PyTorch's flash", kernel="flash"),
    Way("asymmetric step cuDNN's flash", kernel="cudnn"),
    Way("compiled asymmetric forward", backward=False, compiled=True),
    Way("compiled asymmetric step", compiled=True),
    Way("compiled asymmetric step recomputed", compiled=True, recomputed=True),
)


@dataclass(frozen=True)
class BlockRow:
    """One way, measured."""

    name: str
    seconds: float  # median
    fastest: float
    slowest: float
    first_call_seconds: float  # compiling counts here
    teraflop: float  # counted from the shapes, see benchmarks.block_flops
    tflops: float  # of them a second
    datasheet_share: float | None  # MFU
    product_share: float  # of the card's own large product
    peak_gib: float  # above weights, inputs and outputs' gradients; the weights' own gradients are in it
    weights_gib: float
    kernels: KernelsUsed


class BlockBench:
    """One block and one clip's tokens on the device."""

    def __init__(self, network: NetworkConfig, recipe: RecipeConfig, clip: ClipShape, device: torch.device) -> None:
        self.network, self.recipe, self.device = network, recipe, device
        batch = random_batch(network, clip, device)
        layout = token_layout(network, batch.rgb_BCThw, batch.conditions)
        self.plans: dict[AttentionMode, Any] = {
            mode: plan_attention(network, recipe, layout, mode, batch.conditions) for mode in ("asymmetric", "full")
        }
        target = layout.frames * layout.rows * layout.columns
        clean = self.plans["full"].rotary.cos_S1P.shape[0] - 2 * target
        seen = sum(length for _, length in self.plans["asymmetric"].rgb_seen_by_hoi)
        self.shape = BlockShape(target, clean, target, network.text_tokens, seen, clip.batch)

    def measure(self, way: Way, repeats: int, card: Card) -> BlockRow:
        """Build the block, run it `repeats` times after a first call, then once more for each thing watched."""
        torch.manual_seed(0)
        block = self.block(way)
        run = self.run(block, way)
        first = first_call(run, self.device)
        seconds = sorted(turns({"": run}, repeats, self.device)[""])
        used = kernels_used(run, self.device)
        if self.device.type == "cuda":
            require_flash(used)
        peak = peak_bytes(run, self.device)
        flops = block_flops(self.network, self.recipe, self.shape, way.mode)
        count = flops.step(way.frozen) if way.backward else flops.forward
        middle = seconds[len(seconds) // 2]
        rate = count / middle / 1e12
        return BlockRow(
            name=way.name,
            seconds=middle,
            fastest=seconds[0],
            slowest=seconds[-1],
            first_call_seconds=first,
            teraflop=count / 1e12,
            tflops=rate,
            datasheet_share=None if card.datasheet_tflops is None else rate / card.datasheet_tflops,
            product_share=rate / card.product_tflops,
            peak_gib=peak / 2**30,
            weights_gib=sum(x.numel() * x.element_size() for x in block.parameters()) / 2**30,
            kernels=used,
        )

    def block(self, way: Way) -> TransformerBlock:
        """Its weights, random, as the way stores them."""
        with self.device:
            block = TransformerBlock(self.network, self.recipe, hoi=True)
            initialize(block)
            with torch.no_grad():  # nothing may be zero: zeros multiply faster than numbers
                for parameter in block.parameters():
                    parameter.add_(torch.randn_like(parameter), alpha=0.01)
            block.start_hoi_as_copy()
        if way.frozen and self.device.type != "meta":
            store_matrices(block, "bf16")
        return block.requires_grad_(way.backward and not way.frozen)

    def run(
        self, block: TransformerBlock, way: Way, watch: Callable[[Tokens], object] | None = None
    ) -> Callable[[], object]:
        """What is timed; `watch` sees the tokens before their gradients are given back."""
        tokens, inputs = self._tokens(way), self._inputs(way)
        leaves = [x for x in (*tokens, inputs.text_BLD, inputs.hoi_text_BLD) if x is not None]
        gradients = [torch.randn_like(x) for x in tokens if x is not None] if way.backward else []
        called: Callable[..., tuple[Tokens, Tensor | None]] = (
            torch.compile(block, fullgraph=True, dynamic=False) if way.compiled else block
        )
        if way.recomputed:
            called = partial(checkpoint, called, use_reentrant=False, preserve_rng_state=False)

        def run() -> None:
            kernel = nullcontext() if way.kernel is None else sdpa_kernel(KERNELS[way.kernel])
            with kernel, torch.set_grad_enabled(way.backward):
                with autocast_where_known(self.device):
                    out, logits_BNE = called(tokens, inputs)
                if way.backward:
                    given = [x for x in out if x is not None]
                    routed = [] if way.frozen or logits_BNE is None else [logits_BNE]
                    torch.autograd.backward([*given, *routed], [*gradients, *(torch.ones_like(x) for x in routed)])
            if watch is not None:
                watch(tokens)
            for x in (*block.parameters(), *leaves):
                x.grad = None

        return run

    def _tokens(self, way: Way) -> Tokens:
        counts = (self.shape.target, self.shape.clean, self.shape.hoi)
        target, clean, hoi = (
            torch.randn(self.shape.batch, count, self.network.dim, device=self.device).requires_grad_(way.backward)
            for count in counts
        )
        return Tokens(target, clean, hoi)

    def _inputs(self, way: Way) -> BlockInputs:
        batch, dim = self.shape.batch, self.network.dim
        compute = torch.float32 if self.device.type == "meta" else torch.bfloat16
        steps = [torch.randn(batch, 6, dim, device=self.device) * dim**-0.5 for _ in range(3)]
        text, hoi_text = (
            torch.randn(batch, self.shape.text, dim, device=self.device)
            .to(compute)
            .requires_grad_(way.backward and not way.frozen)
            for _ in range(2)
        )
        on_B = torch.ones(batch, device=self.device)
        return BlockInputs(self.plans[way.mode], steps[0], steps[1], steps[2], text, hoi_text, None, on_B)


def autocast_where_known(device: torch.device) -> AbstractContextManager[Any]:
    """bf16 autocast; the meta device, which only counts, has none."""
    return nullcontext() if device.type == "meta" else torch.autocast(device.type, torch.bfloat16)


def first_call(run: Callable[[], object], device: torch.device) -> float:
    """Seconds by the clock on the wall."""
    started = time.perf_counter()
    run()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - started


def chosen_ways(only: list[str], device: torch.device) -> list[Way]:
    """Those whose names begin with one of the words; a CPU has no choice of flash kernels. ValueError: none has."""
    ways = [way for way in WAYS if way.kernel is None or device.type == "cuda"]
    chosen = [way for way in ways if not only or way.name.startswith(tuple(only))]
    if not chosen:
        raise ValueError(f"--only {' '.join(only)}: no such row; there are {', '.join(way.name for way in ways)}")
    return chosen
