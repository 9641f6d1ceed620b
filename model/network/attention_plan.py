"""Which tokens attend to which, and their positions: the same for all blocks (CoInteract, sec. 3.2 and 3.4)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from model.contracts import AttentionMode, NetworkConfig, RecipeConfig
from model.network.rotary import Rotary, TokenLayout, rotary_tables
from model.network.streams import Conditions


@dataclass(frozen=True)
class AttentionPlan:
    """Full: every token sees every token. Asymmetric: the RGB side sees itself, HOI itself and some of the RGB side."""

    mode: AttentionMode
    rotary: Rotary  # RGB-side tokens, then HOI tokens
    rgb_seen_by_hoi: tuple[tuple[int, int], ...]  # (start, length) runs of RGB-side tokens
    seen_BS: Tensor | None = None  # RGB-side tokens that stand for something; None: all, as where no batch is mixed


def token_layout(network: NetworkConfig, rgb_BCThw: Tensor, conditions: Conditions) -> TokenLayout:
    """How the tokens of these inputs lie."""
    frames, height, width = rgb_BCThw.shape[2:]
    pt, ph, pw = network.patch
    scale = None if conditions.product_BC1hw is None else conditions.product_scale
    motion = conditions.motion_BCFhw is not None
    return TokenLayout(frames // pt, height // ph, width // pw, height, width, scale, motion)


def plan_attention(
    network: NetworkConfig, recipe: RecipeConfig, layout: TokenLayout, mode: AttentionMode, conditions: Conditions
) -> AttentionPlan:
    """HOI queries see the RGB target and, where the recipe says so, the product reference."""
    device = conditions.text_BLD.device
    frame, target = layout.rows * layout.columns, layout.frames * layout.rows * layout.columns
    seen = [(0, target)]
    if recipe.hoi_attends_product and layout.product_scale is not None:
        seen.append((target + frame, frame))
    rotary = rotary_tables(layout, recipe.hoi_positions, network.dim // network.heads, device)
    rgb_side = rotary.cos_S1P.shape[0] - target
    return AttentionPlan(mode, rotary, tuple(seen), _seen(layout, conditions, rgb_side))


def _seen(layout: TokenLayout, conditions: Conditions, rgb_side: int) -> Tensor | None:
    """[B,S], False for product and motion tokens of samples that have neither; None where every sample has its own."""
    product_B, motion_B = conditions.has_product_B, conditions.has_motion_B
    if product_B is None and motion_B is None:
        return None
    frame = layout.rows * layout.columns
    batch, product = len(conditions.person_BC1hw), (layout.frames + 1) * frame
    motion = product + frame * (layout.product_scale is not None)
    seen_BS = torch.ones(batch, rgb_side, dtype=torch.bool, device=conditions.text_BLD.device)
    if product_B is not None:
        seen_BS[:, product:motion] = product_B[:, None]
    if motion_B is not None:
        seen_BS[:, motion:] = motion_B[:, None]
    return seen_BS
