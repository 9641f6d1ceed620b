"""Attention by plain matrix products against softmax attention in fp64, however it is cut into runs."""

import pytest
import torch
from torch import Tensor

from model.network.kernels import attention_on_cpu
from model.network.kernels.attention_on_cpu import AttentionOnCpu, attend, attend_on_cpu

BATCH, QUERIES, KEYS, HEADS, HEAD = 2, 150, 70, 3, 16


def _exact(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    q, k, v = (x.double() for x in (q, k, v))
    scores = torch.einsum("bnhk,bmhk->bhnm", q, k) * HEAD**-0.5
    return torch.einsum("bhnm,bmhk->bnhk", scores.softmax(-1), v)


def _inputs(precision: torch.dtype) -> list[Tensor]:
    torch.manual_seed(0)
    return [torch.randn(BATCH, n, HEADS, HEAD).to(precision).requires_grad_() for n in (QUERIES, KEYS, KEYS)]


@pytest.mark.parametrize(("precision", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 2e-2)])
@pytest.mark.parametrize("at_once", [1, 2**20])  # the shortest runs, three of them; one run
def test_forward_and_gradients(
    precision: torch.dtype, tolerance: float, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attention_on_cpu, "SCORES_AT_ONCE", at_once)
    inputs = _inputs(precision)
    ours, wanted = AttentionOnCpu.apply(*inputs), _exact(*inputs)
    assert isinstance(ours, Tensor)
    upstream = torch.randn_like(ours)
    exact_gradients = torch.autograd.grad(wanted, inputs, upstream.double())
    gradients = zip(torch.autograd.grad(ours, inputs, upstream), exact_gradients, strict=True)
    for got, exact in ((ours, wanted), *gradients):
        assert got.dtype == precision
        assert (got.double() - exact.double()).abs().max() <= tolerance * exact.double().abs().max()


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("together", [1, 2**21])  # large: the library or plain products; small: written out
def test_every_way_to_attend_agrees(precision: torch.dtype, together: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention_on_cpu, "SCORES_TOGETHER", together)
    inputs = _inputs(precision)
    got, exact = attend_on_cpu(*inputs), _exact(*inputs)
    assert (got.double() - exact).abs().max() <= (1e-5 if precision == torch.float32 else 2e-2) * exact.abs().max()


@pytest.mark.parametrize(("precision", "own"), [(torch.float32, False), (torch.bfloat16, True)])
def test_without_gradients_bf16_keeps_its_kernel(
    precision: torch.dtype, own: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[bool] = []
    apply = AttentionOnCpu.apply
    monkeypatch.setattr(attention_on_cpu, "SCORES_TOGETHER", 1)
    monkeypatch.setattr(AttentionOnCpu, "apply", lambda *qkv: used.append(True) or apply(*qkv))
    inputs = _inputs(precision)
    with torch.no_grad():
        got, exact = attend(*inputs), _exact(*inputs)
    assert bool(used) is own
    assert (got.double() - exact).abs().max() <= (1e-5 if precision == torch.float32 else 2e-2) * exact.abs().max()
