"""What a step would take if only its matrix products and attention ran: they are recorded once, then replayed alone.

Operands are random numbers of the recorded shapes, strides and precisions. step / limit is what everything else costs:
norms, positions, activations, copies, dispatch.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

PRODUCTS = frozenset({"mm", "addmm", "bmm", "baddbmm", "convolution", "convolution_backward"})
ATTENTION = "_scaled_dot_product_flash_attention_for_cpu"


@dataclass(frozen=True)
class Recorded:
    """The products and attention calls of a step, and how many operations it had in all."""

    calls: list[Callable[[], object]]
    operations: int

    def replay(self) -> None:
        with torch.no_grad():
            for call in self.calls:
                call()


def recorded(step: Callable[[], object]) -> Recorded:
    """Of one run of `step`, which should be warm."""
    with _Recorder() as recorder:
        step()
    operands: dict[Any, Tensor] = {}

    def random(x: Any) -> Any:
        if not isinstance(x, _Like):
            return x
        if x not in operands:
            once = [1 if step == 0 else size for size, step in zip(x.shape, x.stride, strict=True)]  # of what repeats
            made = torch.empty_strided(once, x.stride, dtype=x.dtype)
            operands[x] = (made.normal_(std=0.05) if x.dtype.is_floating_point else made.zero_()).expand(x.shape)
        return operands[x]

    def ready(function: Any, given: tuple[Any, ...], named: dict[str, Any]) -> Callable[[], object]:
        arguments, keywords = [random(x) for x in given], {key: random(x) for key, x in named.items()}
        return lambda: function(*arguments, **keywords)

    return Recorded([ready(*call) for call in recorder.calls], recorder.operations)


@dataclass(frozen=True)
class _Like:
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    dtype: torch.dtype


class _Recorder(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = []
        self.operations = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.operations += 1
        name = func.overloadpacket.__name__
        if name in PRODUCTS or name.startswith(ATTENTION):
            kept = {key: _like(x) for key, x in (kwargs or {}).items()}
            self.calls.append((func, tuple(_like(x) for x in args), kept))
        return func(*args, **(kwargs or {}))


def _like(x: Any) -> Any:
    return _Like(tuple(x.shape), x.stride(), x.dtype) if isinstance(x, Tensor) else x
