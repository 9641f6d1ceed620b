"""Ours beside the authors' public code: the same weights and inputs, agreement first, then time, memory and the limit.

    python -m benchmarks train-step --public DIR [--only fp32] [--height 256 --width 256 --frames 6 --repeats 5]
    python -m benchmarks inference --public DIR

DIR: see benchmarks.public_code. Outputs, loss and gradients must agree or nothing is measured. Contenders of a group
take turns in one process, the public code first, which is 1.00; a ratio is the median over turns, with its range. Peak
memory is of tensors alive above weights and inputs, each contender in a process of its own. Recipe: `released`. On CPU.

Shape legend: see model.network.streams.
"""

import json
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median

import torch
from torch import Tensor

from benchmarks.limit import recorded
from benchmarks.memory import peak_bytes
from benchmarks.public_agreement import Agreement, check_same, check_step
from benchmarks.public_code import PublicCode
from benchmarks.public_inputs import public_inputs
from evaluation.ablation.random_batch import ClipShape
from evaluation.ablation.turns import turns
from foundation.child_process import follow
from model.contracts import NetworkConfig, SamplingConfig
from model.flow_matching import joint_loss
from model.inference.sampler import sample_latents
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.stored_precision import store_matrices
from model.presets import recipe_preset
from model.weights.released_keys import is_hoi_key, load_released

SAMPLING = SamplingConfig(steps=4, guidance=5.0, sigma_shift=7.0)  # that the samplers are held against each other with
CPU, FP32, BF16 = torch.device("cpu"), torch.float32, torch.bfloat16
Step = Callable[[], Tensor]


@dataclass(frozen=True)
class Beside:
    """One contender; ratios are to the public code of its group."""

    name: str
    group: str
    seconds: float
    ratio: float
    lowest: float
    highest: float
    limit_ratio: float | None = None  # ours: step / its own products and attention
    operations: int | None = None
    peak_mib: float | None = None
    peak_ratio: float | None = None


@dataclass(frozen=True)
class Peak:
    """What one contender needs at once, above weights and inputs."""

    mib: float


class SideBySide:
    """Both networks of one shape, made when first asked for."""

    def __init__(self, choice: Namespace, network: NetworkConfig) -> None:
        self.public = PublicCode(choice.public)
        self.network, self.verb = network, str(choice.verb)
        self.x = public_inputs(network, ClipShape(choice.height, choice.width, choice.frames))

    @cached_property
    def theirs(self) -> torch.nn.Module:
        return self.public.network(self.network).train()

    def ours(self, streams: str = "dual", recomputed: bool = False) -> DualStreamTransformer:
        """With their weights."""
        weights = {name: x.detach() for name, x in self.theirs.state_dict().items()}
        ours = DualStreamTransformer(self.network, recipe_preset("released"), "dual", recomputed)
        load_released(ours, weights, "the public code's weights")
        if streams == "dual":
            return ours.train()
        alone = DualStreamTransformer(self.network, recipe_preset("released"), "rgb")
        alone.load_state_dict({key: x for key, x in ours.state_dict().items() if not is_hoi_key(key)})
        return alone.eval().requires_grad_(False)

    def our_step(self, network: DualStreamTransformer, autocast: bool) -> Step:
        """Forward, joint loss and backward, asymmetric; gives the loss."""
        conditions, timestep_B = self.x.conditions(with_hoi=True), self.public.timestep

        def step() -> Tensor:
            network.zero_grad(set_to_none=True)
            rgb, hoi = self.x.noised(timestep_B)
            with torch.autocast("cpu", BF16) if autocast else nullcontext():
                out = network(rgb.noisy_BCThw, timestep_B, conditions, hoi.noisy_BCThw)
            loss = joint_loss(out, rgb, hoi, self.x.person, self.x.regions_N[None], network.recipe).total
            loss.backward()
            return loss.detach()

        return step

    def our_forward(self, network: DualStreamTransformer, autocast: bool) -> Step:
        """As the sampler calls it."""
        conditions, timestep_B = self.x.conditions(with_hoi=False), self.public.timestep

        @torch.no_grad()
        def run() -> Tensor:
            with torch.autocast("cpu", BF16) if autocast else nullcontext():
                return network(self.x.rgb, timestep_B, conditions).rgb_BCThw

        return run

    def groups(self) -> dict[str, dict[str, Callable[[], Step]]]:
        """Group -> contender -> what makes it; the public code comes first."""
        return self._steps() if self.verb == "train-step" else self._forwards()

    def agreement(self) -> list[Agreement]:
        """In fp32. ValueError: the two do not agree."""
        if self.verb == "train-step":
            ours = self.ours(recomputed=True)
            losses = self._their_step(FP32)().item(), self.our_step(ours, False)().item()
            return check_step(self.theirs, ours, losses)
        theirs, ours = self.theirs.eval(), self.ours("rgb")
        outputs = self.public.forward(theirs, self.x, FP32)(), self.our_forward(ours, False)()
        samples = self.public.sampled(theirs, self.x, SAMPLING)(), self._sampled(ours)
        return [*check_same("output", *outputs), *check_same("guided sampling", *samples)]

    def _sampled(self, network: DualStreamTransformer) -> Tensor:
        """What the sampler makes of the same noise."""
        empty_LD = torch.zeros_like(self.x.text[0])
        return sample_latents(network, self.x.conditions(with_hoi=False), empty_LD, SAMPLING, self.x.rgb)

    def _their_step(self, dtype: torch.dtype, recomputed: bool = True, autocast: bool = False) -> Step:
        network = self.theirs if dtype == FP32 else self.public.network(self.network, dtype).train()
        return self.public.training_step(network, self.x, recomputed, dtype, autocast)

    def _steps(self) -> dict[str, dict[str, Callable[[], Step]]]:
        return {
            "fp32 recomputed": {
                "public code": lambda: self._their_step(FP32),
                "ours": lambda: self.our_step(self.ours(recomputed=True), False),
            },
            "fp32 nothing recomputed": {
                "public code": lambda: self._their_step(FP32, recomputed=False),
                "ours": lambda: self.our_step(self.ours(), False),
            },
            "bf16": {
                "public code, weights in bf16, recomputed": lambda: self._their_step(BF16),
                "public code, autocast, recomputed": lambda: self._their_step(FP32, autocast=True),
                "ours, autocast, recomputed": lambda: self.our_step(self.ours(recomputed=True), True),
                "ours, autocast, nothing recomputed": lambda: self.our_step(self.ours(), True),
            },
        }

    def _forwards(self) -> dict[str, dict[str, Callable[[], Step]]]:
        return {
            "fp32": {
                "public code": lambda: self.public.forward(self.theirs.eval(), self.x, FP32),
                "ours": lambda: self.our_forward(self.ours("rgb"), False),
            },
            "bf16": {
                "public code, weights in bf16": lambda: self.public.forward(
                    self.public.network(self.network, BF16).eval(), self.x, BF16
                ),
                "ours in fp32": lambda: self.our_forward(self.ours("rgb"), False),
                "ours, matrices in bf16": lambda: self.our_forward(_stored(self.ours("rgb")), True),
            },
        }


def side_by_side(choice: Namespace, network: NetworkConfig) -> Iterator[tuple[str, object]]:
    """Agreement's rows, then the contenders'. ValueError: no checkout, no agreement, or no such group."""
    both = SideBySide(choice, network)
    if choice.peak:  # what `_peak_mib` starts
        yield "peak", Peak(peak_bytes(_named(both, choice.peak)(), CPU) / 2**20)
        return
    for row in both.agreement():
        yield "agreement", row
    chosen = {name: group for name, group in both.groups().items() if not choice.only or name in choice.only}
    if not chosen:
        raise ValueError(f"--only {' '.join(choice.only)}: no such group; there are {', '.join(both.groups())}")
    for group, makers in chosen.items():
        for row in _measured(group, makers, choice):
            yield choice.verb, row


def _measured(group: str, makers: dict[str, Callable[[], Step]], choice: Namespace) -> Iterator[Beside]:
    steps = {name: make() for name, make in makers.items()}
    limits = {name: recorded(step) for name, step in steps.items() if name.startswith("ours")}
    contenders = {**steps, **{f"limit of {name}": limit.replay for name, limit in limits.items()}}
    seconds = turns(contenders, choice.repeats, CPU)
    first, first_peak = next(iter(steps)), None
    for name in steps:
        ratios = sorted(a / b for a, b in zip(seconds[name], seconds[first], strict=True))
        limit = limits.get(name)
        peak = None if choice.no_memory else _peak_mib(f"{group}/{name}", choice)
        first_peak = first_peak or peak
        yield Beside(
            name=name,
            group=group,
            seconds=median(seconds[name]),
            ratio=median(ratios),
            lowest=ratios[0],
            highest=ratios[-1],
            limit_ratio=median(a / b for a, b in zip(seconds[name], seconds[f"limit of {name}"], strict=True))
            if limit
            else None,
            operations=limit.operations if limit else None,
            peak_mib=peak,
            peak_ratio=peak / first_peak if peak and first_peak else None,
        )


def _peak_mib(name: str, choice: Namespace) -> float:
    """In a process of its own, which was started as this one was."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "peak.json"
        code, last = follow(["-m", "benchmarks", *choice.given, "--peak", name, "--out", str(out)], lambda _line: None)
        if code:
            raise ValueError(f"{name}: its memory could not be measured: {last}")
        return float(json.loads(out.read_text(encoding="utf-8"))["peak"][0]["mib"])


def _named(both: SideBySide, name: str) -> Callable[[], Step]:
    group, _, contender = name.partition("/")
    return both.groups()[group][contender]


def _stored(network: DualStreamTransformer) -> DualStreamTransformer:
    store_matrices(network, "bf16")
    return network
