"""Norms that keep little give what written-out ones give, forward and backward, in both precisions."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from model.network.kernels.lean_norms import RotatedNorm, modulated_norm
from model.network.kernels.rotation import rotate_real
from model.network.rotary import Rotary

BATCH, TOKENS, HEADS, HEAD = 2, 7, 3, 8
WIDTH = HEADS * HEAD


def _normal(*shape: int, precision: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(*shape).to(precision).requires_grad_()


def _same(one: Callable[[], Tensor], two: Callable[[], Tensor], inputs: list[Tensor], tolerance: float) -> None:
    outputs = [one(), two()]
    torch.testing.assert_close(*outputs, rtol=tolerance, atol=tolerance)
    upstream = torch.randn_like(outputs[0])
    gradients = [torch.autograd.grad(output, inputs, upstream) for output in outputs]
    for ours, wanted in zip(*gradients, strict=True):
        assert ours.dtype == wanted.dtype
        torch.testing.assert_close(ours, wanted, rtol=tolerance, atol=tolerance * wanted.abs().max().item())


@pytest.mark.parametrize(("precision", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 2e-2)])
def test_modulated_norm(precision: torch.dtype, tolerance: float) -> None:
    torch.manual_seed(0)
    x, shift, scale = _normal(BATCH, TOKENS, WIDTH), _normal(BATCH, 1, WIDTH), _normal(BATCH, 1, WIDTH)

    def written_out() -> Tensor:
        return (F.layer_norm(x, (WIDTH,), eps=1e-6) * (1 + scale) + shift).to(precision)

    _same(lambda: modulated_norm((x, shift, scale), 1e-6, precision), written_out, [x, shift, scale], tolerance)


@pytest.mark.parametrize("turned", [True, False])
@pytest.mark.parametrize(("precision", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 2e-2)])
def test_rotated_norm(precision: torch.dtype, tolerance: float, turned: bool) -> None:
    torch.manual_seed(0)
    norm, x = RotatedNorm(WIDTH, HEADS, 1e-6), _normal(BATCH, TOKENS, WIDTH, precision=precision)
    torch.nn.init.normal_(norm.weight)
    angles = torch.randn(TOKENS, 1, HEAD // 2)
    rotary = Rotary(angles.cos(), angles.sin()) if turned else None

    def written_out() -> Tensor:
        y = F.rms_norm(x.float(), (WIDTH,), norm.weight, 1e-6).unflatten(-1, (HEADS, -1))
        return (y if rotary is None else rotate_real(y, rotary)).to(precision)

    _same(lambda: norm(x, rotary), written_out, [x, norm.weight], tolerance)


def test_a_gradient_of_any_layout_is_taken() -> None:
    norm, x = RotatedNorm(WIDTH, HEADS, 1e-6), _normal(BATCH, TOKENS, WIDTH)
    rotary = Rotary(torch.zeros(TOKENS, 1, HEAD // 2), torch.ones(TOKENS, 1, HEAD // 2))
    upstream = torch.randn(HEAD, HEADS, TOKENS, BATCH)
    one = torch.autograd.grad(norm(x, rotary), x, upstream.permute(3, 2, 1, 0))
    two = torch.autograd.grad(norm(x, rotary), x, upstream.permute(3, 2, 1, 0).contiguous())
    assert torch.equal(one[0], two[0])
