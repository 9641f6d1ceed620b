"""Whether the public code and ours give the same: outputs, loss and every gradient, or nothing is compared."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from model.network.dual_stream_transformer import DualStreamTransformer
from model.weights.released_keys import released_entries

OUTPUT_BOUND, LOSS_BOUND, GRADIENT_BOUND = 1e-5, 1e-5, 1e-4
NOTHING = 1e-9  # a gradient below which nothing flows: the pose's bias, an unused row


@dataclass(frozen=True)
class Agreement:
    """The largest difference, against the numbers' own deviation."""

    name: str
    difference: float
    bound: float
    compared: int
    worst: str = ""


def check_same(name: str, theirs_BCThw: Tensor, ours_BCThw: Tensor) -> list[Agreement]:
    """ValueError: they differ by more than the bound."""
    return _held([Agreement(name, relative(ours_BCThw, theirs_BCThw), OUTPUT_BOUND, theirs_BCThw.numel())])


def check_step(theirs: torch.nn.Module, ours: DualStreamTransformer, losses: tuple[float, float]) -> list[Agreement]:
    """After one step of each. ValueError: loss or a gradient differs by more than its bound."""
    gradients = {name: weight.grad for name, weight in theirs.named_parameters() if weight.grad is not None}
    loss = Agreement("loss", abs(losses[1] - losses[0]) / abs(losses[0]), LOSS_BOUND, 1)
    return _held([loss, _gradients(gradients, ours)])


def _gradients(theirs: Mapping[str, Tensor], ours: DualStreamTransformer) -> Agreement:
    mine, found = dict(ours.named_parameters()), dict[str, float]()
    for entry in released_entries(ours):
        if any(name not in theirs for name in entry.theirs):
            continue
        wanted, gradient = entry.to_ours([theirs[name] for name in entry.theirs]), mine[entry.ours].grad
        if wanted.numel() > 1 and wanted.abs().max() > NOTHING:
            assert gradient is not None
            found[entry.ours] = relative(gradient, wanted)
    worst = max(found, key=lambda name: found[name])
    return Agreement("gradients", found[worst], GRADIENT_BOUND, len(found), worst)


def relative(found: Tensor, wanted: Tensor) -> float:
    """Largest difference over the wanted numbers' deviation; NaN never passes."""
    return float((found.float() - wanted.float()).abs().max() / wanted.float().std())


def _held(rows: list[Agreement]) -> list[Agreement]:
    for row in rows:
        if not row.difference <= row.bound:
            raise ValueError(
                f"the public code and ours differ in {row.name} by {row.difference:.2e} of its deviation "
                f"(at most {row.bound:.0e}; {row.worst}): nothing is timed, check the checkout is fbd744e"
            )
    return rows
