"""Softmax attention on a CPU: plain matrix products, one head and one run of queries at a time.

In bf16 the library's fused CPU kernel works at half the rate of its matrix products. Here a run of queries is as long
as its scores stay in the cache; nothing but queries, keys and values is kept for the backward pass, which makes the
scores again. On a GPU, and in fp32 without gradients, the library's kernel is the better one.

Shape legend: B batch, N queries, M keys, H heads, K head size, R queries of a run.
"""

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from model.network.kernels.precision import without_autocast

SCORES_AT_ONCE = 2**20  # of a run
SCORES_TOGETHER = 2**21  # up to here all heads are worked out at once


class AttentionOnCpu(torch.autograd.Function):
    """[B,N,H,K], [B,M,H,K], [B,M,H,K] -> [B,N,H,K], all of one precision."""

    @staticmethod
    def forward(ctx: Any, q_BNHK: Tensor, k_BMHK: Tensor, v_BMHK: Tensor) -> Tensor:
        q_BNHK = q_BNHK * q_BNHK.shape[-1] ** -0.5
        y_BNHK = torch.empty_like(q_BNHK, memory_format=torch.contiguous_format)
        for sample, head, rows in _runs(q_BNHK, k_BMHK):
            p_RM = _probabilities(q_BNHK[sample, rows, head], k_BMHK[sample, :, head])
            y_BNHK[sample, rows, head] = p_RM @ v_BMHK[sample, :, head]
        ctx.save_for_backward(q_BNHK, k_BMHK, v_BMHK)
        return y_BNHK

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_BNHK: Tensor) -> tuple[Tensor, Tensor, Tensor]:  # pyright: ignore[reportIncompatibleMethodOverride]
        q_BNHK, k_BMHK, v_BMHK = ctx.saved_tensors
        dq = torch.empty_like(q_BNHK, memory_format=torch.contiguous_format)
        dk, dv = (
            torch.zeros_like(x, dtype=torch.float32, memory_format=torch.contiguous_format) for x in (k_BMHK, v_BMHK)
        )
        for sample, head, rows in _runs(q_BNHK, k_BMHK):
            q_RK, dy_RK = q_BNHK[sample, rows, head], grad_BNHK[sample, rows, head]
            k_MK, v_MK = k_BMHK[sample, :, head], v_BMHK[sample, :, head]
            p_RM = _probabilities(q_RK, k_MK)
            dv[sample, :, head] += p_RM.T @ dy_RK
            ds_RM = torch.ops.aten._softmax_backward_data(dy_RK @ v_MK.T, p_RM, -1, p_RM.dtype)
            dq[sample, rows, head] = ds_RM @ k_MK
            dk[sample, :, head] += ds_RM.T @ q_RK
        return dq.mul_(q_BNHK.shape[-1] ** -0.5), dk.to(k_BMHK.dtype), dv.to(v_BMHK.dtype)


def attend(q_BNHK: Tensor, k_BMHK: Tensor, v_BMHK: Tensor) -> Tensor:
    """Unmasked softmax attention [B,N,H,K] in the values' precision."""
    q, k, v = (x.to(v_BMHK.dtype) for x in (q_BNHK, k_BMHK, v_BMHK))
    if q.device.type == "cpu" and (torch.is_grad_enabled() or v.dtype == torch.bfloat16):
        with without_autocast(q):
            return attend_on_cpu(q, k, v)
    return attend_fused(q, k, v)


def attend_seen(q_BNHK: Tensor, k_BMHK: Tensor, v_BMHK: Tensor, seen_BM: Tensor) -> Tensor:
    """As `attend`, over those keys of each sample that are to be seen."""
    q, k, v = _heads_first(*(x.to(v_BMHK.dtype) for x in (q_BNHK, k_BMHK, v_BMHK)))
    with without_autocast(q):
        return F.scaled_dot_product_attention(q, k, v, attn_mask=seen_BM[:, None, None]).transpose(1, 2)


def attend_on_cpu(q_BNHK: Tensor, k_BMHK: Tensor, v_BMHK: Tensor) -> Tensor:
    """[B,N,H,K], [B,M,H,K], [B,M,H,K] -> [B,N,H,K], by whichever way is the quickest forward and backward."""
    if _scores(q_BNHK, k_BMHK) <= SCORES_TOGETHER:
        q, k, v = _heads_first(q_BNHK, k_BMHK, v_BMHK)
        return ((q * q.shape[-1] ** -0.5 @ k.transpose(2, 3)).softmax(dim=-1) @ v).transpose(1, 2)
    if q_BNHK.dtype != torch.bfloat16:
        return attend_fused(q_BNHK, k_BMHK, v_BMHK)
    y_BNHK = AttentionOnCpu.apply(q_BNHK, k_BMHK, v_BMHK)
    assert isinstance(y_BNHK, Tensor)
    return y_BNHK


def attend_fused(q_BNHK: Tensor, k_BMHK: Tensor, v_BMHK: Tensor) -> Tensor:
    """The library's kernel."""
    q, k, v = _heads_first(q_BNHK, k_BMHK, v_BMHK)
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2)


def _heads_first(*qkv: Tensor) -> list[Tensor]:
    return [x.transpose(1, 2) for x in qkv]


def _scores(q_BNHK: Tensor, k_BMHK: Tensor) -> int:
    return q_BNHK.shape[0] * q_BNHK.shape[1] * q_BNHK.shape[2] * k_BMHK.shape[1]


def _runs(q_BNHK: Tensor, k_BMHK: Tensor) -> Iterator[tuple[int, int, slice]]:
    """Sample, head and queries of every run."""
    batch, queries, heads, _ = q_BNHK.shape
    length = max(64, SCORES_AT_ONCE // k_BMHK.shape[1])
    for sample in range(batch):
        for head in range(heads):
            for start in range(0, queries, length):
                yield sample, head, slice(start, min(start + length, queries))


def _probabilities(q_RK: Tensor, k_MK: Tensor) -> Tensor:
    return (q_RK @ k_MK.T).softmax(dim=-1)
