"""One block of the dual-stream transformer (CoInteract, arXiv 2604.19636, sec. 3.2).

adaLN -> self-attention over both streams -> cross-attention to text -> adaLN -> FFN, with region experts on target
tokens. Tokens stay in three runs that differ in what modulates them: target (the step), clean (references and motion:
timestep 0) and HOI (its own learned modulation). Modulation is broadcast over a run, never spread over tokens.

Shape legend: B batch, N target or HOI tokens, R clean tokens, S = N + R RGB-side tokens, L text tokens, D width,
E = 3 regions.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from model.contracts import NetworkConfig, RecipeConfig
from model.network.attention import AttentionPlan, CrossAttention, SelfAttention
from model.network.kernels.lean_norms import modulated_norm
from model.network.kernels.precision import compute_precision, to_compute
from model.network.region_experts import RegionExperts, SharedFeedForward


class Tokens(NamedTuple):
    """The residual stream, one tensor a run of tokens; a tuple for ZeRO-3's sake, see Denoised."""

    target_BND: Tensor
    clean_BRD: Tensor
    hoi_BND: Tensor | None

    def each(self, change: Callable[..., Tensor], *others: Iterable[Any]) -> "Tokens":
        """`change` of every run there is, together with what each of `others` has for that run."""
        changed = [None if x is None else change(x, *rest) for x, *rest in zip(self, *others, strict=True)]
        target_BND, clean_BRD, hoi_BND = changed
        assert target_BND is not None
        assert clean_BRD is not None
        return Tokens(target_BND, clean_BRD, hoi_BND)

    def rgb_side(self) -> Tensor:
        """Target and clean tokens, which go through linear layers together."""
        return torch.cat((self.target_BND, self.clean_BRD), dim=1)

    def with_values(self, rgb_BSD: Tensor, hoi_BND: Tensor | None) -> "Tokens":
        """Other values for the same runs."""
        target_BND, clean_BRD = rgb_BSD.split((self.target_BND.shape[1], self.clean_BRD.shape[1]), dim=1)
        return Tokens(target_BND, clean_BRD, hoi_BND)


@dataclass(frozen=True)
class BlockInputs:
    """What every block is given beside the tokens."""

    plan: AttentionPlan
    step_B6D: Tensor
    clean_B6D: Tensor
    hoi_B6D: Tensor
    text_BLD: Tensor
    hoi_text_BLD: Tensor | None
    prompt_of_B: Tensor | None  # each sample's row of text_BLD; None: its own
    experts_on_B: Tensor | None  # None: experts are off for every sample


class TransformerBlock(nn.Module):
    """The shared block; the HOI stream owns only `hoi_modulation_16D`."""

    def __init__(self, network: NetworkConfig, recipe: RecipeConfig, hoi: bool) -> None:
        super().__init__()
        dim, self.eps = network.dim, network.eps
        self.modulation_16D = nn.Parameter(torch.empty(1, 6, dim))
        self.hoi_modulation_16D = nn.Parameter(torch.empty(1, 6, dim)) if hoi else None
        self.self_attention = SelfAttention(dim, network.heads, network.eps)
        self.cross_norm = nn.LayerNorm(dim, network.eps)
        self.cross_attention = CrossAttention(dim, network.heads, network.eps)
        self.feed_forward = SharedFeedForward(dim, network.ffn_dim)
        self.experts = RegionExperts(network, recipe) if recipe.experts else None

    def forward(self, tokens: Tokens, inputs: BlockInputs) -> tuple[Tokens, Tensor | None]:
        """Tokens after the block, and the router's logits [B,N,E]."""
        by = self._modulations(inputs, tokens.hoi_BND is not None)

        h = tokens.each(lambda x, m: m.before_attention(x, self.eps), by)
        x = tokens.each(lambda x, y, m: x + m.attention_gate * y, self._attend(h, inputs.plan), by)

        x = x.each(torch.add, self._read_text(x.each(lambda x: to_compute(self.cross_norm(x))), inputs))

        h = x.each(lambda x, m: m.before_feed_forward(x, self.eps), by)
        y, logits_BNE = self._feed_forward(h, inputs.experts_on_B)
        return x.each(lambda x, y, m: x + m.feed_forward_gate * y, y, by), logits_BNE

    def start_hoi_as_copy(self) -> None:
        """The HOI stream's modulation starts as the RGB stream's."""
        assert self.hoi_modulation_16D is not None
        with torch.no_grad():
            self.hoi_modulation_16D.copy_(self.modulation_16D)

    def _modulations(
        self, inputs: BlockInputs, with_hoi: bool
    ) -> tuple["Modulation", "Modulation", "Modulation | None"]:
        step = Modulation.of(self.modulation_16D + inputs.step_B6D)
        clean = Modulation.of(self.modulation_16D + inputs.clean_B6D)
        if not with_hoi:
            return step, clean, None
        assert self.hoi_modulation_16D is not None
        return step, clean, Modulation.of(self.hoi_modulation_16D + inputs.hoi_B6D)

    def _attend(self, h: Tokens, plan: AttentionPlan) -> Tokens:
        return h.with_values(*self.self_attention(h.rgb_side(), h.hoi_BND, plan))

    def _read_text(self, h: Tokens, inputs: BlockInputs) -> Tokens:
        rgb_y = self.cross_attention(h.rgb_side(), inputs.text_BLD, inputs.prompt_of_B)
        if h.hoi_BND is None:
            return h.with_values(rgb_y, None)
        assert inputs.hoi_text_BLD is not None
        return h.with_values(rgb_y, self.cross_attention(h.hoi_BND, inputs.hoi_text_BLD))

    def _feed_forward(self, h: Tokens, experts_on_B: Tensor | None) -> tuple[Tokens, Tensor | None]:
        y = h.with_values(self.feed_forward(h.rgb_side()), None if h.hoi_BND is None else self.feed_forward(h.hoi_BND))
        if self.experts is None:
            return y, None
        logits_BNE = self.experts.route(h.target_BND)
        if experts_on_B is not None:
            y = y._replace(target_BND=y.target_BND + self.experts(h.target_BND, logits_BNE, experts_on_B))
        return y, logits_BNE


@dataclass(frozen=True)
class Modulation:
    """adaLN shifts, scales and gates [B,1,D] of one run of tokens."""

    attention_shift: Tensor
    attention_scale: Tensor
    attention_gate: Tensor
    feed_forward_shift: Tensor
    feed_forward_scale: Tensor
    feed_forward_gate: Tensor

    @classmethod
    def of(cls, modulation_B6D: Tensor) -> "Modulation":
        """The six rows in the order of the public weights."""
        return cls(*modulation_B6D.chunk(6, dim=1))

    def before_attention(self, x_BND: Tensor, eps: float) -> Tensor:
        """LayerNorm(x) (1 + scale) + shift, in the precision linear layers run in."""
        return modulated_norm((x_BND, self.attention_shift, self.attention_scale), eps, compute_precision(x_BND))

    def before_feed_forward(self, x_BND: Tensor, eps: float) -> Tensor:
        """LayerNorm(x) (1 + scale) + shift, in the precision linear layers run in."""
        return modulated_norm((x_BND, self.feed_forward_shift, self.feed_forward_scale), eps, compute_precision(x_BND))
