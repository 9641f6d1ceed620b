"""Our network with one of its shortcuts off, for the benchmark only.

`with_conventions` makes a network of the same weights and numbers that follows one of the conventions that ours left:
most are the public code's, a dense mask is others'. Beside the public code itself: benchmarks.side_by_side.

Shape legend: B batch, S all tokens, N tokens of a run, D width, H heads, K head size, P rotation pairs, R = 3 regions.
"""

from dataclasses import dataclass, fields, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.contracts import NetworkConfig, RecipeConfig
from model.network.attention import AttentionPlan, CrossAttention, SelfAttention
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.kernels.attention_on_cpu import attend_fused
from model.network.kernels.lean_norms import RotatedNorm
from model.network.kernels.precision import compute_precision
from model.network.region_experts import RegionExperts
from model.network.rotary import Rotary
from model.network.transformer_block import BlockInputs, Modulation, Tokens, TransformerBlock


@dataclass(frozen=True)
class Conventions:
    """Which conventions to keep."""

    dense_mask: bool = False  # one attention over all tokens under a [S,S] mask, instead of two unmasked calls
    repeated_projections: bool = False  # RGB keys and values projected again for the HOI queries (without dense_mask)
    spread_modulation: bool = False  # six [tokens, dim] tensors a block, instead of broadcasting
    written_out_norms: bool = False  # every step of RMSNorm and rotation kept for the backward pass
    complex_rotary: bool = False  # written-out norms, and complex fp64 products instead of fp32 ones
    separate_experts: bool = False  # a pair of matrix products an expert, instead of one pair for all
    library_kernel: bool = False  # the library's attention kernel also where plain matrix products are quicker
    library_gelu: bool = False  # the library's tanh-GELU in the FFN


def single_conventions() -> dict[str, Conventions]:
    """Each convention alone: ours with one of the shortcuts off."""
    return {field.name: replace(Conventions(), **{field.name: True}) for field in fields(Conventions)}


def with_conventions(network: DualStreamTransformer, conventions: Conventions) -> DualStreamTransformer:
    """A network of the same weights and numbers, without the shortcuts."""
    copy = DualStreamTransformer(network.network, network.recipe, network.streams)
    hoi = network.streams == "dual"
    copy.blocks = nn.ModuleList(
        ConventionalBlock(network.network, network.recipe, hoi, conventions) for _ in range(network.network.layers)
    )
    copy.load_state_dict(network.state_dict())
    return copy.to(next(network.parameters()).device).train(network.training)


class ConventionalBlock(TransformerBlock):
    """The same block with some conventions."""

    def __init__(self, network: NetworkConfig, recipe: RecipeConfig, hoi: bool, conventions: Conventions) -> None:
        super().__init__(network, recipe, hoi)
        self.conventions = conventions
        self.self_attention = ConventionalSelfAttention(network, conventions)
        if conventions.library_kernel:
            self.cross_attention = LibraryCrossAttention(network.dim, network.heads, network.eps)
        if conventions.library_gelu:
            self.feed_forward[1] = nn.GELU(approximate="tanh")
        if conventions.separate_experts and recipe.experts:
            self.experts = SeparateExperts(network, recipe)

    def forward(self, tokens: Tokens, inputs: BlockInputs) -> tuple[Tokens, Tensor | None]:
        """As the block; the runs' lengths are needed to spread the modulation."""
        self._lengths = [x.shape[1] for x in (tokens.target_BND, tokens.clean_BRD, tokens.hoi_BND) if x is not None]
        return super().forward(tokens, inputs)

    def _modulations(self, inputs: BlockInputs, with_hoi: bool) -> tuple[Modulation, Modulation, Modulation | None]:
        step, clean, hoi = super()._modulations(inputs, with_hoi)
        if not self.conventions.spread_modulation:
            return step, clean, hoi
        runs = [run for run in (step, clean, hoi) if run is not None]
        spread = [_spread([getattr(run, field.name) for run in runs], self._lengths) for field in fields(Modulation)]
        parts = [SpreadModulation(*run) for run in zip(*spread, strict=True)]
        return parts[0], parts[1], parts[2] if with_hoi else None


class SpreadModulation(Modulation):
    """Shifts, scales and gates a token."""

    def before_attention(self, x_BND: Tensor, eps: float) -> Tensor:
        """Written out."""
        y = F.layer_norm(x_BND, x_BND.shape[-1:], eps=eps) * (1 + self.attention_scale) + self.attention_shift
        return y.to(compute_precision(x_BND))

    def before_feed_forward(self, x_BND: Tensor, eps: float) -> Tensor:
        """Written out."""
        y = F.layer_norm(x_BND, x_BND.shape[-1:], eps=eps) * (1 + self.feed_forward_scale) + self.feed_forward_shift
        return y.to(compute_precision(x_BND))


class ConventionalSelfAttention(SelfAttention):
    """Dense mask, repeated projections, written-out norms, the library's kernel."""

    def __init__(self, network: NetworkConfig, conventions: Conventions) -> None:
        super().__init__(network.dim, network.heads, network.eps)
        self.conventions = conventions
        if conventions.written_out_norms or conventions.complex_rotary:
            precision = torch.float64 if conventions.complex_rotary else torch.float32
            self.norm_q, self.norm_k = (WrittenOutNorm(network, precision) for _ in range(2))

    def forward(self, rgb_BSD: Tensor, hoi_BND: Tensor | None, plan: AttentionPlan) -> tuple[Tensor, Tensor | None]:
        """As the block's own attention."""
        if hoi_BND is None or plan.mode == "full":
            return super().forward(rgb_BSD, hoi_BND, plan)
        if self.conventions.dense_mask:
            return self._dense(rgb_BSD, hoi_BND, plan)
        if self.conventions.repeated_projections:
            return self._projected_again(rgb_BSD, hoi_BND, plan)
        return super().forward(rgb_BSD, hoi_BND, plan)

    def _dense(self, rgb_BSD: Tensor, hoi_BND: Tensor, plan: AttentionPlan) -> tuple[Tensor, Tensor]:
        qkv = self._rotated(torch.cat((rgb_BSD, hoi_BND), dim=1), plan.rotary)
        sides = (rgb_BSD.shape[1], hoi_BND.shape[1])
        mask_11SS = asymmetric_mask(sides, plan.rgb_seen_by_hoi, rgb_BSD.device)
        q, k, v = (x.transpose(1, 2) for x in qkv)
        y_BHSK = F.scaled_dot_product_attention(q, k, v, attn_mask=mask_11SS)
        rgb_y, hoi_y = self.output(y_BHSK.transpose(1, 2)).split(sides, dim=1)
        return rgb_y, hoi_y

    def _projected_again(self, rgb_BSD: Tensor, hoi_BND: Tensor, plan: AttentionPlan) -> tuple[Tensor, Tensor]:
        rgb_y, _ = super().forward(rgb_BSD, None, plan)
        tokens, rotaries = [hoi_BND], [plan.rotary.run(rgb_BSD.shape[1], hoi_BND.shape[1])]
        for start, length in plan.rgb_seen_by_hoi:
            tokens.append(rgb_BSD.narrow(1, start, length))
            rotaries.append(plan.rotary.run(start, length))
        rotary = Rotary(torch.cat([r.cos_S1P for r in rotaries]), torch.cat([r.sin_S1P for r in rotaries]))
        seen = torch.cat(tokens, dim=1)
        y = self._attend(self.queries(hoi_BND, rotaries[0]), self.keys(seen, rotary), self.values(seen))
        return rgb_y, self.output(y)

    def _attend(self, q_BNHK: Tensor, k_BNHK: Tensor, v_BNHK: Tensor) -> Tensor:
        if self.conventions.library_kernel:
            return attend_fused(q_BNHK, k_BNHK, v_BNHK)
        return super()._attend(q_BNHK, k_BNHK, v_BNHK)


class WrittenOutNorm(RotatedNorm):
    """Each step an operation of its own."""

    def __init__(self, network: NetworkConfig, precision: torch.dtype) -> None:
        super().__init__(network.dim, network.heads, network.eps)
        self.precision = precision

    def forward(self, x: Tensor, rotary: Rotary | None = None) -> Tensor:
        """As the lean one."""
        assert rotary is not None
        y_BNHK = F.rms_norm(x.float(), x.shape[-1:], self.weight.float(), self.eps).unflatten(-1, (self.heads, -1))
        turns_S1P = torch.complex(rotary.cos_S1P.to(self.precision), rotary.sin_S1P.to(self.precision))
        pairs_BNHP = torch.view_as_complex(y_BNHK.to(self.precision).unflatten(-1, (-1, 2)))
        return torch.view_as_real(pairs_BNHP * turns_S1P).flatten(-2).to(x.dtype)


class LibraryCrossAttention(CrossAttention):
    """The library's kernel whatever the size."""

    def _attend(self, q_BNHK: Tensor, k_BNHK: Tensor, v_BNHK: Tensor) -> Tensor:
        return attend_fused(q_BNHK, k_BNHK, v_BNHK)


class SeparateExperts(RegionExperts):
    """One expert after the other."""

    def forward(self, x_BND: Tensor, logits_BNR: Tensor, on_B: Tensor) -> Tensor:
        """As the stacked experts."""
        share_BNR = logits_BNR.softmax(dim=-1) * on_B[:, None, None]
        total = torch.zeros_like(x_BND)
        for expert, region in enumerate(self.region_of_expert):
            hidden = F.linear(x_BND, self.hidden_weight_EXD[expert], self.hidden_bias_EX[expert])
            hidden = F.gelu(hidden, approximate="tanh")
            y = F.linear(hidden, self.output_weight_EDX[expert], self.output_bias_ED[expert])
            total = total + y * share_BNR[..., region, None].to(y.dtype)
        return total


def asymmetric_mask(sides: tuple[int, int], seen: tuple[tuple[int, int], ...], device: torch.device) -> Tensor:
    """[1,1,S,S], true where a query sees a key: RGB sees RGB, HOI sees HOI and the `seen` runs."""
    rgb, hoi = sides
    mask_11SS = torch.zeros(1, 1, rgb + hoi, rgb + hoi, dtype=torch.bool, device=device)
    mask_11SS[..., :rgb, :rgb] = True
    mask_11SS[..., rgb:, rgb:] = True
    for start, length in seen:
        mask_11SS[..., rgb:, start : start + length] = True
    return mask_11SS


def _spread(values_B1D: list[Tensor], lengths: list[int]) -> list[Tensor]:
    """One [B,S,D] tensor for all tokens, seen run by run."""
    rows = [x.expand(-1, length, -1) for x, length in zip(values_B1D, lengths, strict=True)]
    return list(torch.cat(rows, dim=1).split(lengths, dim=1))
