"""One block of the dual-stream transformer (CoInteract, arXiv 2604.19636, sec. 3.2).

adaLN -> self-attention over both streams -> cross-attention to text -> adaLN -> FFN, with region experts on target
tokens. Tokens stay in three runs that differ in what modulates them: target (the step), clean (references and motion:
timestep 0) and HOI (its own learned modulation). Modulation is broadcast over a run, never spread over tokens.

Shape legend: B batch, N target or HOI tokens, R clean tokens, S = N + R RGB-side tokens, L text tokens, D width,
E = 3 regions.
"""

from dataclasses import dataclass
from typing import NamedTuple

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


@dataclass(frozen=True)
class BlockInputs:
    """What every block is given beside the tokens."""

    plan: AttentionPlan
    step_B6D: Tensor
    clean_B6D: Tensor
    hoi_B6D: Tensor
    text_BLD: Tensor
    hoi_text_BLD: Tensor | None
    experts_on_B: Tensor | None  # None: experts are off for every sample
    prompt_of_B: Tensor | None = None  # each sample's row of text_BLD; None: its own


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
        step, clean, hoi = self._modulations(inputs, tokens.hoi_BND is not None)
        tokens = self._attend(tokens, inputs, (step, clean, hoi))
        tokens = self._read_text(tokens, inputs)
        return self._feed_forward(tokens, inputs.experts_on_B, (step, clean, hoi))

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

    def _attend(
        self, tokens: Tokens, inputs: BlockInputs, by: tuple["Modulation", "Modulation", "Modulation | None"]
    ) -> Tokens:
        step, clean, hoi = by
        target_h = step.before_attention(tokens.target_BND, self.eps)
        clean_h = clean.before_attention(tokens.clean_BRD, self.eps)
        hoi_h = None if hoi is None else hoi.before_attention(_present(tokens.hoi_BND), self.eps)
        rgb_y, hoi_y = self.self_attention(torch.cat((target_h, clean_h), dim=1), hoi_h, inputs.plan)
        target_y, clean_y = _split(rgb_y, tokens)
        return Tokens(
            tokens.target_BND + step.attention_gate * target_y,
            tokens.clean_BRD + clean.attention_gate * clean_y,
            None if hoi is None else _present(tokens.hoi_BND) + hoi.attention_gate * _present(hoi_y),
        )

    def _read_text(self, tokens: Tokens, inputs: BlockInputs) -> Tokens:
        rgb_h = torch.cat([to_compute(self.cross_norm(x)) for x in (tokens.target_BND, tokens.clean_BRD)], dim=1)
        target_y, clean_y = _split(self.cross_attention(rgb_h, inputs.text_BLD, inputs.prompt_of_B), tokens)
        hoi = tokens.hoi_BND
        if hoi is not None:
            hoi = hoi + self.cross_attention(to_compute(self.cross_norm(hoi)), _present(inputs.hoi_text_BLD))
        return Tokens(tokens.target_BND + target_y, tokens.clean_BRD + clean_y, hoi)

    def _feed_forward(
        self, tokens: Tokens, on_B: Tensor | None, by: tuple["Modulation", "Modulation", "Modulation | None"]
    ) -> tuple[Tokens, Tensor | None]:
        step, clean, hoi = by
        target_h = step.before_feed_forward(tokens.target_BND, self.eps)
        clean_h = clean.before_feed_forward(tokens.clean_BRD, self.eps)
        rgb_h = torch.cat((target_h, clean_h), dim=1)
        target_y, clean_y = _split(self.feed_forward(rgb_h), tokens)
        logits = None if self.experts is None else self.experts.route(target_h)
        if self.experts is not None and on_B is not None:
            target_y = target_y + self.experts(target_h, _present(logits), on_B)
        hoi_x = tokens.hoi_BND
        if hoi is not None:
            hoi_y = self.feed_forward(hoi.before_feed_forward(_present(hoi_x), self.eps))
            hoi_x = _present(hoi_x) + hoi.feed_forward_gate * hoi_y
        target_x = tokens.target_BND + step.feed_forward_gate * target_y
        return Tokens(target_x, tokens.clean_BRD + clean.feed_forward_gate * clean_y, hoi_x), logits


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


def _split(rgb_BSD: Tensor, tokens: Tokens) -> tuple[Tensor, Tensor]:
    target, clean = rgb_BSD.split((tokens.target_BND.shape[1], tokens.clean_BRD.shape[1]), dim=1)
    return target, clean


def _present(x: Tensor | None) -> Tensor:
    assert x is not None
    return x
