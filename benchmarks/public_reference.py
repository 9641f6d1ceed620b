"""A straightforward dense-mask implementation with the public code's conventions, for the benchmark only.

Read off repository luoxyhappy/CoInteract (diffsynth/models/wan_video_dit_s2v.py, wan_video_dit.py, moe_ffn.py): one
sequence of all tokens; a float mask over all pairs, turned into an additive one by every attention call; six
[tokens, dim] modulation tensors a block; RMSNorm, modulation and gate written out; rotary by complex fp64 products with
one table a head; an FFN of its own for every expert, on every token; keys and values of the text for every sample;
audio added into a copy of the whole sequence. Same weights and same numbers as ours.

Shape legend: B batch, S all tokens (target, clean, HOI), N tokens of a run, L context tokens, D width, H heads,
P rotation pairs, R = 3 regions.
"""

from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from model.network.attention import AttentionPlan, Projections
from model.network.audio_encoder import INJECTOR_NORM_EPS, AudioInjector
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.region_experts import RegionExperts
from model.network.transformer_block import BlockInputs, Tokens, TransformerBlock


@dataclass(frozen=True)
class Sequence:
    """What every block knows of the one sequence."""

    lengths: tuple[int, int, int]  # target, clean, HOI
    mask_11SS: Tensor | None  # 1 where a query sees a key; None: all see all
    turns_SHP: Tensor


class DenseMaskReference(DualStreamTransformer):
    """Same weights, same numbers, no shortcut."""

    def _through_blocks(
        self, tokens: Tokens, inputs: BlockInputs, spoken: tuple[Tensor, Tensor]
    ) -> tuple[Tokens, list[Tensor]]:
        assert tokens.hoi_BND is not None
        parts = (tokens.target_BND, tokens.clean_BRD, tokens.hoi_BND)
        lengths = (parts[0].shape[1], parts[1].shape[1], parts[2].shape[1])
        sequence = _sequence(lengths, inputs.plan, self.network.heads)
        x_BSD = torch.cat(parts, dim=1).to(self.type_embedding_3D.dtype)
        logits: list[Tensor] = []
        for layer, block in enumerate(self.blocks):
            assert isinstance(block, TransformerBlock)
            run = partial(checkpoint, _block, use_reentrant=False) if self.checkpoint_blocks else _block
            x_BSD, logits_BNR = run(block, x_BSD, inputs, sequence)
            if logits_BNR is not None:
                logits.append(logits_BNR)
            if str(layer) in self.audio_injectors:
                injector = self.audio_injectors[str(layer)]
                assert isinstance(injector, AudioInjector)
                x_BSD = _inject(injector, x_BSD, spoken, sequence.lengths[0])
        target, clean, hoi = x_BSD.split(sequence.lengths, dim=1)
        return Tokens(target, clean, hoi), logits


def _sequence(lengths: tuple[int, int, int], plan: AttentionPlan, heads: int) -> Sequence:
    rgb, hoi = lengths[0] + lengths[1], lengths[2]
    cos_S1P, sin_S1P = plan.rotary.cos_S1P.double(), plan.rotary.sin_S1P.double()
    turns_SHP = torch.complex(cos_S1P, sin_S1P).expand(-1, heads, -1).contiguous()
    if plan.mode == "full":
        return Sequence(lengths, None, turns_SHP)
    return Sequence(lengths, asymmetric_mask((rgb, hoi), plan.rgb_seen_by_hoi, turns_SHP.device), turns_SHP)


def asymmetric_mask(sides: tuple[int, int], seen: tuple[tuple[int, int], ...], device: torch.device) -> Tensor:
    """[1,1,S,S], 1 where a query sees a key: RGB sees RGB, HOI sees HOI and the `seen` runs."""
    rgb, hoi = sides
    mask_11SS = torch.zeros(1, 1, rgb + hoi, rgb + hoi, device=device)
    mask_11SS[..., :rgb, :rgb] = 1
    mask_11SS[..., rgb:, rgb:] = 1
    for start, length in seen:
        mask_11SS[..., rgb:, start : start + length] = 1
    return mask_11SS


def _block(
    block: TransformerBlock, x_BSD: Tensor, inputs: BlockInputs, sequence: Sequence
) -> tuple[Tensor, Tensor | None]:
    shift_a, scale_a, gate_a, shift_f, scale_f, gate_f = _spread_modulation(block, inputs, sequence.lengths, x_BSD)
    y = _norm(x_BSD, block.eps) * (1 + scale_a) + shift_a
    x = x_BSD + gate_a * _self_attention(block.self_attention, y, sequence)
    rgb, hoi = x.split((sum(sequence.lengths[:2]), sequence.lengths[2]), dim=1)
    assert inputs.hoi_text_BLD is not None
    rgb = rgb + _cross_attention(block.cross_attention, block.cross_norm(rgb), inputs.text_BLD)
    hoi = hoi + _cross_attention(block.cross_attention, block.cross_norm(hoi), inputs.hoi_text_BLD)
    x = torch.cat((rgb, hoi), dim=1)
    y = _norm(x, block.eps) * (1 + scale_f) + shift_f
    target, others = y.split((sequence.lengths[0], y.shape[1] - sequence.lengths[0]), dim=1)
    target_y, logits = _feed_forward(block, target), None
    if block.experts is not None:
        experts_y, logits = _separate_experts(block.experts, target, inputs.experts_on_B)
        target_y = target_y + experts_y
    return x + gate_f * torch.cat((target_y, _feed_forward(block, others)), dim=1), logits


def _feed_forward(block: TransformerBlock, x_BND: Tensor) -> Tensor:
    first, last = block.feed_forward[0], block.feed_forward[2]
    return last(F.gelu(first(x_BND), approximate="tanh"))


def _spread_modulation(
    block: TransformerBlock, inputs: BlockInputs, lengths: tuple[int, int, int], x_BSD: Tensor
) -> list[Tensor]:
    """Six [B,S,D] tensors."""
    assert block.hoi_modulation_16D is not None
    step, clean = block.modulation_16D + inputs.step_B6D, block.modulation_16D + inputs.clean_B6D
    hoi = block.hoi_modulation_16D + inputs.hoi_B6D
    runs = [x.to(x_BSD.dtype) for x in (step, clean, hoi)]
    return [
        torch.cat([run[:, None, row].expand(-1, length, -1) for run, length in zip(runs, lengths, strict=True)], dim=1)
        for row in range(6)
    ]


def _self_attention(attention: Projections, x_BSD: Tensor, sequence: Sequence) -> Tensor:
    q, k = _rms(attention.q(x_BSD), attention.norm_q), _rms(attention.k(x_BSD), attention.norm_k)
    q, k = (_turn(x, sequence.turns_SHP) for x in (q, k))
    return attention.o(_attend((q, k, attention.v(x_BSD)), attention.heads, sequence.mask_11SS))


def _cross_attention(attention: Projections, x_BND: Tensor, context_BLD: Tensor) -> Tensor:
    context = context_BLD.to(x_BND.dtype)
    q, k = _rms(attention.q(x_BND), attention.norm_q), _rms(attention.k(context), attention.norm_k)
    return attention.o(_attend((q, k, attention.v(context)), attention.heads, None))


def _attend(qkv: tuple[Tensor, Tensor, Tensor], heads: int, mask_11SS: Tensor | None) -> Tensor:
    q, k, v = (x.to(qkv[2].dtype).unflatten(-1, (heads, -1)).transpose(1, 2) for x in qkv)
    bias = None if mask_11SS is None else (1 - mask_11SS.to(q.dtype)) * torch.finfo(q.dtype).min
    return F.scaled_dot_product_attention(q, k, v, attn_mask=bias).transpose(1, 2).flatten(-2)


def _rms(x_BND: Tensor, norm: torch.nn.RMSNorm) -> Tensor:
    assert norm.eps is not None
    x = x_BND.float()
    return (x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + norm.eps)).to(x_BND.dtype) * norm.weight


def _turn(x_BSD: Tensor, turns_SHP: Tensor) -> Tensor:
    pairs = torch.view_as_complex(x_BSD.double().unflatten(-1, (turns_SHP.shape[1], -1, 2)))
    return torch.view_as_real(pairs * turns_SHP).flatten(2).to(x_BSD.dtype)


def _norm(x_BND: Tensor, eps: float) -> Tensor:
    return F.layer_norm(x_BND, x_BND.shape[-1:], eps=eps)


def _separate_experts(experts: RegionExperts, x_BND: Tensor, on_B: Tensor | None) -> tuple[Tensor, Tensor]:
    logits = experts.router(x_BND.detach())
    share_BNR = F.softmax(logits, dim=-1).to(logits.dtype)
    total = torch.zeros_like(x_BND)
    for index, region in enumerate(experts.region_of_expert):
        hidden = F.linear(x_BND, experts.hidden_weight_EXD[index], experts.hidden_bias_EX[index])
        y = F.linear(
            F.gelu(hidden, approximate="tanh"), experts.output_weight_EDX[index], experts.output_bias_ED[index]
        )
        total = total + share_BNR[..., region, None] * y
    scale_B = x_BND.new_zeros(x_BND.shape[0]) if on_B is None else on_B.to(x_BND.dtype)
    return scale_B[:, None, None] * total, logits


def _inject(injector: AudioInjector, x_BSD: Tensor, spoken: tuple[Tensor, Tensor], target: int) -> Tensor:
    local_BTGD, global_BTD = (x.to(x_BSD.dtype) for x in spoken)
    result = x_BSD.clone()
    batch, frames = local_BTGD.shape[:2]
    x = x_BSD[:, :target].clone().unflatten(1, (frames, -1)).flatten(0, 1)
    shift, scale = injector.modulate(F.silu(global_BTD)).flatten(0, 1).unsqueeze(1).chunk(2, dim=-1)
    y = _cross_attention(
        injector.attention, _norm(x, INJECTOR_NORM_EPS) * (1 + scale) + shift, local_BTGD.flatten(0, 1)
    )
    result[:, :target] = result[:, :target] + y.unflatten(0, (batch, frames)).flatten(1, 2)
    return result
