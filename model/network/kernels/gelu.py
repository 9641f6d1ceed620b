"""tanh-GELU, forward on a CPU by way of the logistic function: 0.5 (1 + tanh(z)) = sigmoid(2 z).

The library's CPU kernel spends most of its time on the hyperbolic tangent; its logistic function takes a quarter of
that. Same numbers up to rounding, worked out in fp32 a run at a time, so that what lies between stays in the cache.
Backward the library's own kernel is the better one.
"""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

SLOPE = 2 * math.sqrt(2 / math.pi)
CUBE = 0.044715 * SLOPE  # 2 z = SLOPE x + CUBE x^3
VALUES_AT_ONCE = 2**18


class TanhGelu(nn.Module):
    """What `nn.GELU(approximate="tanh")` gives."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape, in the precision of `x`."""
        return tanh_gelu(x)


def tanh_gelu(x: Tensor) -> Tensor:
    """What `F.gelu(x, approximate="tanh")` gives."""
    if x.device.type != "cpu":
        return F.gelu(x, approximate="tanh")
    y = _TanhGelu.apply(x)
    assert isinstance(y, Tensor)
    return y


class _TanhGelu(torch.autograd.Function):
    """Keeps x alone."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        x = x.contiguous()
        ctx.save_for_backward(x)
        y = torch.empty_like(x)
        for part, into in zip(x.view(-1).split(VALUES_AT_ONCE), y.view(-1).split(VALUES_AT_ONCE), strict=True):
            x_fp32 = part.float()
            gate = x_fp32.square().mul_(CUBE).add_(SLOPE).mul_(x_fp32).sigmoid_()
            into.copy_(gate.mul_(x_fp32))
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        (x,) = ctx.saved_tensors
        return torch.ops.aten.gelu_backward(grad, x, approximate="tanh")
