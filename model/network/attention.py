"""Self-attention of the two streams and cross-attention to text or audio (CoInteract, arXiv 2604.19636, sec. 3.2).

Asymmetric attention is two unmasked calls instead of one dense mask: RGB-side queries see RGB-side keys, HOI queries
see HOI, RGB target and (where the recipe says so) product keys. Queries, keys and values of a token are projected once.
The two sides never share a matrix product, so the RGB side's bits cannot depend on the HOI stream. Where some samples
of a batch have no product or motion, their tokens stand in its place and a mask hides them.

Shape legend: B batch, S RGB-side tokens, N tokens of one stream, L context tokens, D width, H heads, K head size.
"""

import torch
from torch import Tensor, nn

from model.network.attention_plan import AttentionPlan
from model.network.kernels.attention_on_cpu import attend, attend_seen
from model.network.kernels.lean_norms import RotatedNorm
from model.network.rotary import Rotary


class Projections(nn.Module):
    """Linear q, k, v, o; q and k are RMS-normed in fp32 over the full width before the heads split."""

    def __init__(self, dim: int, heads: int, eps: float) -> None:
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.o = (nn.Linear(dim, dim) for _ in range(4))
        self.norm_q = RotatedNorm(dim, heads, eps)
        self.norm_k = RotatedNorm(dim, heads, eps)

    def queries(self, x_BND: Tensor, rotary: Rotary | None = None) -> Tensor:
        """[B,N,D] -> [B,N,H,K], turned where there are positions."""
        return self.norm_q(self.q(x_BND), rotary)

    def keys(self, x_BND: Tensor, rotary: Rotary | None = None) -> Tensor:
        """[B,N,D] -> [B,N,H,K], turned where there are positions."""
        return self.norm_k(self.k(x_BND), rotary)

    def values(self, x_BND: Tensor) -> Tensor:
        """[B,N,D] -> [B,N,H,K]."""
        return self.v(x_BND).unflatten(-1, (self.heads, -1))

    def output(self, y_BNHK: Tensor) -> Tensor:
        """[B,N,H,K] -> [B,N,D]."""
        return self.o(y_BNHK.flatten(-2))

    def _attend(self, q_BNHK: Tensor, k_BNHK: Tensor, v_BNHK: Tensor) -> Tensor:
        return attend(q_BNHK, k_BNHK, v_BNHK)


class SelfAttention(Projections):
    """Both streams' tokens, full or asymmetric."""

    def forward(self, rgb_BSD: Tensor, hoi_BND: Tensor | None, plan: AttentionPlan) -> tuple[Tensor, Tensor | None]:
        rgb_tokens = rgb_BSD.shape[1]
        if hoi_BND is not None and plan.mode == "full":
            both = self._rotated(torch.cat((rgb_BSD, hoi_BND), dim=1), plan.rotary)
            seen_BS = None if plan.seen_BS is None else _followed(plan.seen_BS, hoi_BND.shape[1])
            rgb_y, hoi_y = self.output(self._attend_seen(both, seen_BS)).split((rgb_tokens, hoi_BND.shape[1]), dim=1)
            return rgb_y, hoi_y
        rgb = self._rotated(rgb_BSD, plan.rotary.run(0, rgb_tokens))
        rgb_y = self.output(self._attend_seen(rgb, plan.seen_BS))
        if hoi_BND is None:
            return rgb_y, None
        hoi = self._rotated(hoi_BND, plan.rotary.run(rgb_tokens, hoi_BND.shape[1]))
        seen = [[x.narrow(1, start, length) for start, length in plan.rgb_seen_by_hoi] for x in rgb[1:]]
        keys, values = (torch.cat((own, *runs), dim=1) for own, runs in zip(hoi[1:], seen, strict=True))
        seen_BM = None
        if plan.seen_BS is not None:
            shown = [plan.seen_BS.narrow(1, start, length) for start, length in plan.rgb_seen_by_hoi]
            seen_BM = torch.cat((_followed(plan.seen_BS[:, :0], hoi_BND.shape[1]), *shown), dim=1)
        return rgb_y, self.output(self._attend_seen((hoi[0], keys, values), seen_BM))

    def _attend_seen(self, qkv: tuple[Tensor, Tensor, Tensor], seen_BM: Tensor | None) -> Tensor:
        """A mask costs time and last bits, so there is one only where a batch is mixed."""
        return self._attend(*qkv) if seen_BM is None else attend_seen(*qkv, seen_BM)

    def _rotated(self, x_BND: Tensor, rotary: Rotary) -> tuple[Tensor, Tensor, Tensor]:
        return self.queries(x_BND, rotary), self.keys(x_BND, rotary), self.values(x_BND)


def _followed(seen_BS: Tensor, count: int) -> Tensor:
    """[B,S + count]: behind them tokens that everybody has."""
    return torch.cat((seen_BS, seen_BS.new_ones(seen_BS.shape[0], count)), dim=1)


class CrossAttention(Projections):
    """Tokens look at a context (text or audio) without positions."""

    def forward(self, x_BND: Tensor, context_BLD: Tensor, row_of_B: Tensor | None = None) -> Tensor:
        """[B,N,D]; with `row_of_B` sample b looks at that row, and what several look at is projected once."""
        k_BLHK, v_BLHK = self.keys(context_BLD), self.values(context_BLD)
        if row_of_B is not None:
            k_BLHK, v_BLHK = k_BLHK[row_of_B], v_BLHK[row_of_B]
        return self.output(self._attend(self.queries(x_BND), k_BLHK, v_BLHK))
