"""The public code's habits, for the benchmark only: what each of our shortcuts replaces.

`with_habits` makes a network with the same weights that gives the same numbers the long way round. With all habits on
it is the straightforward dense-mask implementation our training step is measured against.

Shape legend: B batch, S all tokens, N tokens of a run, D width, H heads, K head size, P rotation pairs, R = 3 regions.
"""

from dataclasses import dataclass, fields, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.contracts import NetworkConfig, RecipeConfig
from model.network.attention import AttentionPlan, CrossAttention, SelfAttention
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.region_experts import RegionExperts
from model.network.rotary import Rotary
from model.network.transformer_block import BlockInputs, Modulation, Tokens, TransformerBlock


@dataclass(frozen=True)
class Habits:
    """Which of the public code's habits to keep."""

    dense_mask: bool = False  # one attention over all tokens under a [S,S] mask, instead of two unmasked calls
    repeated_projections: bool = False  # RGB keys and values projected again for the HOI queries (without dense_mask)
    spread_modulation: bool = False  # six [tokens, dim] tensors a block, instead of broadcasting
    complex_rotary: bool = False  # complex fp64 products, instead of real fp32
    separate_experts: bool = False  # a pair of matrix products an expert, instead of one pair for all
    fused_kernel_only: bool = False  # the library's attention kernel also where written-out products are quicker


DENSE_MASK_REFERENCE = Habits(
    dense_mask=True, spread_modulation=True, complex_rotary=True, separate_experts=True, fused_kernel_only=True
)


def single_habits() -> dict[str, Habits]:
    """Each habit alone: ours with one of the shortcuts off."""
    return {field.name: replace(Habits(), **{field.name: True}) for field in fields(Habits)}


def with_habits(network: DualStreamTransformer, habits: Habits) -> DualStreamTransformer:
    """A network of the same weights and numbers that works the long way round."""
    copy = DualStreamTransformer(network.network, network.recipe, network.streams)
    hoi = network.streams == "dual"
    copy.blocks = nn.ModuleList(
        HabitualBlock(network.network, network.recipe, hoi, habits) for _ in range(network.network.layers)
    )
    copy.load_state_dict(network.state_dict())
    return copy.to(next(network.parameters()).device).train(network.training)


class HabitualBlock(TransformerBlock):
    """The same block with some habits."""

    def __init__(self, network: NetworkConfig, recipe: RecipeConfig, hoi: bool, habits: Habits) -> None:
        super().__init__(network, recipe, hoi)
        self.habits = habits
        self.self_attention = HabitualSelfAttention(network, habits)
        if habits.fused_kernel_only:
            self.cross_attention = FusedCrossAttention(network.dim, network.heads, network.eps)
        if habits.separate_experts and recipe.experts:
            self.experts = SeparateExperts(network, recipe)

    def forward(self, tokens: Tokens, inputs: BlockInputs) -> tuple[Tokens, Tensor | None]:
        """As the block; the runs' lengths are needed to spread the modulation."""
        self._lengths = [x.shape[1] for x in (tokens.target_BND, tokens.clean_BRD, tokens.hoi_BND) if x is not None]
        return super().forward(tokens, inputs)

    def _modulations(self, inputs: BlockInputs, with_hoi: bool) -> tuple[Modulation, Modulation, Modulation | None]:
        step, clean, hoi = super()._modulations(inputs, with_hoi)
        if not self.habits.spread_modulation:
            return step, clean, hoi
        runs = [run for run in (step, clean, hoi) if run is not None]
        spread = [_spread([getattr(run, field.name) for run in runs], self._lengths) for field in fields(Modulation)]
        parts = [Modulation(*run) for run in zip(*spread, strict=True)]
        return parts[0], parts[1], parts[2] if with_hoi else None


class HabitualSelfAttention(SelfAttention):
    """Dense mask, repeated projections, complex rotary, fused kernel."""

    def __init__(self, network: NetworkConfig, habits: Habits) -> None:
        super().__init__(network.dim, network.heads, network.eps)
        self.habits = habits

    def forward(self, rgb_BSD: Tensor, hoi_BND: Tensor | None, plan: AttentionPlan) -> tuple[Tensor, Tensor | None]:
        """As the block's own attention."""
        if hoi_BND is None or plan.mode == "full":
            return super().forward(rgb_BSD, hoi_BND, plan)
        if self.habits.dense_mask:
            return self._dense(rgb_BSD, hoi_BND, plan)
        if self.habits.repeated_projections:
            return self._projected_again(rgb_BSD, hoi_BND, plan)
        return super().forward(rgb_BSD, hoi_BND, plan)

    def _dense(self, rgb_BSD: Tensor, hoi_BND: Tensor, plan: AttentionPlan) -> tuple[Tensor, Tensor]:
        q, k, v = self._rotated(torch.cat((rgb_BSD, hoi_BND), dim=1), plan.rotary)
        sides = (rgb_BSD.shape[1], hoi_BND.shape[1])
        mask_SS = _asymmetric_mask(sides, plan.rgb_seen_by_hoi, rgb_BSD.device)
        rgb_y, hoi_y = self.output(_fused(q, k, v, mask_SS)).split(sides, dim=1)
        return rgb_y, hoi_y

    def _projected_again(self, rgb_BSD: Tensor, hoi_BND: Tensor, plan: AttentionPlan) -> tuple[Tensor, Tensor]:
        rgb_y, _ = super().forward(rgb_BSD, None, plan)
        tokens, rotaries = [hoi_BND], [plan.rotary.run(rgb_BSD.shape[1], hoi_BND.shape[1])]
        for start, length in plan.rgb_seen_by_hoi:
            tokens.append(rgb_BSD.narrow(1, start, length))
            rotaries.append(plan.rotary.run(start, length))
        rotary = Rotary(torch.cat([r.cos_S1P for r in rotaries]), torch.cat([r.sin_S1P for r in rotaries]))
        q, _, _ = self._rotated(hoi_BND, rotaries[0])
        _, k, v = self._rotated(torch.cat(tokens, dim=1), rotary)
        return rgb_y, self.output(self._attend(q, k, v))

    def _rotate(self, x_BNHK: Tensor, rotary: Rotary) -> Tensor:
        if not self.habits.complex_rotary:
            return super()._rotate(x_BNHK, rotary)
        turns_S1P = torch.complex(rotary.cos_S1P.double(), rotary.sin_S1P.double())
        pairs = torch.view_as_complex(x_BNHK.double().unflatten(-1, (-1, 2)))
        return torch.view_as_real(pairs * turns_S1P).flatten(-2).float()

    def _attend(self, q_BNHK: Tensor, k_BNHK: Tensor, v_BNHK: Tensor) -> Tensor:
        if self.habits.fused_kernel_only:
            return _fused(q_BNHK, k_BNHK, v_BNHK, None)
        return super()._attend(q_BNHK, k_BNHK, v_BNHK)


class FusedCrossAttention(CrossAttention):
    """The library's kernel whatever the size."""

    def _attend(self, q_BNHK: Tensor, k_BNHK: Tensor, v_BNHK: Tensor) -> Tensor:
        return _fused(q_BNHK, k_BNHK, v_BNHK, None)


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


def _spread(values_B1D: list[Tensor], lengths: list[int]) -> list[Tensor]:
    """One [B,S,D] tensor for all tokens, seen run by run."""
    rows = [x.expand(-1, length, -1) for x, length in zip(values_B1D, lengths, strict=True)]
    return list(torch.cat(rows, dim=1).split(lengths, dim=1))


def _asymmetric_mask(sides: tuple[int, int], seen: tuple[tuple[int, int], ...], device: torch.device) -> Tensor:
    rgb, hoi = sides
    mask_SS = torch.zeros(rgb + hoi, rgb + hoi, dtype=torch.bool, device=device)
    mask_SS[:rgb, :rgb] = True
    mask_SS[rgb:, rgb:] = True
    for start, length in seen:
        mask_SS[rgb:, start : start + length] = True
    return mask_SS


def _fused(q_BNHK: Tensor, k_BNHK: Tensor, v_BNHK: Tensor, mask_SS: Tensor | None) -> Tensor:
    q, k, v = (x.to(v_BNHK.dtype).transpose(1, 2) for x in (q_BNHK, k_BNHK, v_BNHK))
    return F.scaled_dot_product_attention(q, k, v, mask_SS).transpose(1, 2)
