"""Normalisations that keep next to nothing for the backward pass.

Written out, adaLN and the rotated RMSNorm of queries and keys leave several fp32 tensors of the sequence's size behind
in every block; here each keeps its input in the precision it came in, and makes the rest again. Numbers are the same.

Shape legend: B batch, N tokens of a run, S all tokens, D width, H heads, K head size, P rotation pairs.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from model.network.kernels.rotation import rotate
from model.network.rotary import Rotary


def modulated_norm(run: tuple[Tensor, Tensor, Tensor], eps: float, precision: torch.dtype) -> Tensor:
    """LayerNorm(x) (1 + scale) + shift in `precision` for a run x [B,N,D], shift and scale [B,1,D]."""
    y_BND = ModulatedNorm.apply(*run, eps, precision)
    assert isinstance(y_BND, Tensor)
    return y_BND


class ModulatedNorm(torch.autograd.Function):
    """LayerNorm whose affine part is each sample's own; keeps x, its mean and deviation a token."""

    @staticmethod
    def forward(
        ctx: Any, x_BND: Tensor, shift_B1D: Tensor, scale_B1D: Tensor, eps: float, precision: torch.dtype
    ) -> Tensor:
        shape, gain_B1D = x_BND.shape[-1:], 1 + scale_B1D
        y_BND = torch.empty_like(x_BND, dtype=precision)
        means, deviations = [], []
        for sample, x_ND in enumerate(x_BND):
            y_ND, mean, deviation = torch.native_layer_norm(x_ND, shape, gain_B1D[sample, 0], shift_B1D[sample, 0], eps)
            y_BND[sample] = y_ND
            means.append(mean)
            deviations.append(deviation)
        ctx.save_for_backward(x_BND, gain_B1D, shift_B1D, torch.stack(means), torch.stack(deviations))
        return y_BND

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_BND: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        x_BND, gain_B1D, shift_B1D, mean_BN1, deviation_BN1 = ctx.saved_tensors
        dx, dshift, dscale = torch.empty_like(x_BND), torch.empty_like(shift_B1D), torch.empty_like(gain_B1D)
        for sample, x_ND in enumerate(x_BND):
            affine = (gain_B1D[sample, 0], shift_B1D[sample, 0])
            dx[sample], dscale[sample, 0], dshift[sample, 0] = torch.ops.aten.native_layer_norm_backward(
                grad_BND[sample].to(x_ND.dtype),
                x_ND,
                x_ND.shape[-1:],
                mean_BN1[sample],
                deviation_BN1[sample],
                *affine,
                [True, True, True],
            )
        return dx, dshift, dscale, None, None


class RotatedNorm(torch.nn.RMSNorm):
    """RMSNorm in fp32 over the full width, split into heads and, with positions, turned by them."""

    def __init__(self, dim: int, heads: int, eps: float) -> None:
        super().__init__(dim, eps)
        self.heads = heads

    def forward(self, x: Tensor, rotary: Rotary | None = None) -> Tensor:
        """[B,N,D] -> [B,N,H,K], in the precision of `x`."""
        tables = (None, None) if rotary is None else (rotary.cos_S1P, rotary.sin_S1P)
        y_BNHK = _RotatedNorm.apply(x, self.weight, *tables, (self.heads, self.eps))
        assert isinstance(y_BNHK, Tensor)
        return y_BNHK


class _RotatedNorm(torch.autograd.Function):
    """Keeps x in its own precision and one number a token."""

    @staticmethod
    def forward(
        ctx: Any,
        x_BND: Tensor,
        weight_D: Tensor,
        cos_S1P: Tensor | None,
        sin_S1P: Tensor | None,
        heads_and_eps: tuple[int, float],
    ) -> Tensor:
        heads, eps = heads_and_eps
        x = x_BND.to(torch.float32, copy=True)
        inverse_BN1 = (torch.linalg.vector_norm(x, dim=-1, keepdim=True).square() / x.shape[-1] + eps).rsqrt()
        ctx.save_for_backward(x_BND, weight_D, inverse_BN1, cos_S1P, sin_S1P)
        y_BNHK = x.mul_(inverse_BN1).mul_(weight_D).unflatten(-1, (heads, -1))
        if cos_S1P is not None and sin_S1P is not None:
            y_BNHK = rotate(y_BNHK, Rotary(cos_S1P, sin_S1P), in_place=True)
        return y_BNHK.to(x_BND.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_BNHK: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        x_BND, weight_D, inverse_BN1, cos_S1P, sin_S1P = ctx.saved_tensors
        grad = grad_BNHK.to(torch.float32, copy=True, memory_format=torch.contiguous_format)
        if cos_S1P is not None:
            grad = rotate(grad, Rotary(cos_S1P, -sin_S1P), in_place=True)
        grad_BND = grad.flatten(-2)
        unit_BND = x_BND.to(torch.float32, copy=True).mul_(inverse_BN1)
        product_BND = grad_BND * unit_BND
        dweight_D = product_BND.flatten(0, -2).sum(dim=0).to(weight_D.dtype)
        mean_BN1 = (product_BND @ weight_D.float()).unsqueeze(-1) / x_BND.shape[-1]
        dx_BND = grad_BND.mul_(weight_D).addcmul_(unit_BND, mean_BN1, value=-1).mul_(inverse_BN1)
        return dx_BND.to(x_BND.dtype), dweight_D, None, None, None
