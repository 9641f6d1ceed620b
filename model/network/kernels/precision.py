"""Where autocast's precision begins and ends inside the network."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor


def to_compute(x: Tensor) -> Tensor:
    """`x` in the precision linear layers run in; autocast alone would cast it again for each of them."""
    return x.to(compute_precision(x))


def compute_precision(x: Tensor) -> torch.dtype:
    """The precision linear layers run in where `x` is."""
    return torch.get_autocast_dtype(x.device.type) if _under_autocast(x) else x.dtype


def without_autocast(x: Tensor) -> AbstractContextManager[Any]:
    """A context in which autocast leaves the device of `x` alone."""
    return torch.autocast(x.device.type, enabled=False) if _under_autocast(x) else nullcontext()


def _under_autocast(x: Tensor) -> bool:
    return x.device.type != "meta" and torch.is_autocast_enabled(x.device.type)  # autocast does not know "meta"
