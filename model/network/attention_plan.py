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


def token_layout(network: NetworkConfig, rgb_BCThw: Tensor, conditions: Conditions) -> TokenLayout:
    """How the tokens of these inputs lie."""
    frames, height, width = rgb_BCThw.shape[2:]
    pt, ph, pw = network.patch
    scale = None if conditions.product_BC1hw is None else conditions.product_scale
    motion = conditions.motion_BCFhw is not None
    return TokenLayout(frames // pt, height // ph, width // pw, height, width, scale, motion)


def plan_attention(
    network: NetworkConfig, recipe: RecipeConfig, layout: TokenLayout, mode: AttentionMode, device: torch.device
) -> AttentionPlan:
    """HOI queries see the RGB target and, where the recipe says so, the product reference."""
    frame, target = layout.rows * layout.columns, layout.frames * layout.rows * layout.columns
    seen = [(0, target)]
    if recipe.hoi_attends_product and layout.product_scale is not None:
        seen.append((target + frame, frame))
    rotary = rotary_tables(layout, recipe.hoi_positions, network.dim // network.heads, device)
    return AttentionPlan(mode, rotary, tuple(seen))
