"""What a tiny network is given beside the method: at its budget rotary angles and references are learned too late.

Three options of conf/network/tiny.yaml, off in the published shapes, each a plain addition: learned positions (to the
tokens being denoised and to the product's), the person reference on every frame's tokens, and the mean prompt token in
the time embeddings.

Shape legend: B batch, T H W tokens of an axis, N tokens, L text tokens, D width.
"""

from dataclasses import replace

import torch
from torch import Tensor, nn

from model.contracts import NetworkConfig
from model.network.embedded_conditions import EmbeddedConditions
from model.network.embeddings import PatchEmbedding
from model.network.rotary import TokenLayout
from model.network.streams import Conditions
from model.network.transformer_block import Tokens


class LearnedPositions(nn.Module):
    """One learned table an axis, added to tokens."""

    def __init__(self, size: tuple[int, int, int], dim: int) -> None:
        super().__init__()
        self.time_TD, self.rows_HD, self.columns_WD = (nn.Parameter(torch.empty(count, dim)) for count in size)

    def forward(self, grid: tuple[int, int, int]) -> Tensor:
        """Positions [T H W, D] of the first `grid` tokens per axis."""
        limits = (self.time_TD.shape[0], self.rows_HD.shape[0], self.columns_WD.shape[0])
        if any(count > limit for count, limit in zip(grid, limits, strict=True)):
            raise ValueError(f"clip has {grid} tokens (T, rows, columns), network.learned_positions only {limits}")
        frames, rows, columns = grid
        time = self.time_TD[:frames, None, None] + self.rows_HD[None, :rows, None]
        return (time + self.columns_WD[None, None, :columns]).flatten(0, 2)


class TinyInputs:
    """The three additions of one network.

    No module itself: its parts are the network's own (`register`), so their weights keep plain names.
    """

    def __init__(self, network: NetworkConfig) -> None:
        places, dim = network.learned_positions, network.dim
        self.positions = LearnedPositions(places, dim) if places else None
        self.product_positions = LearnedPositions((1, *places[1:]), dim) if places else None
        with_reference = network.add_reference_to_target
        self.reference_patch = PatchEmbedding(network.latent_channels, network.patch, dim) if with_reference else None
        self.prompt_in_time = network.pooled_text_in_modulation

    @classmethod
    def of(cls, network: NetworkConfig) -> "TinyInputs | None":
        """None where the network has none of the options."""
        options = (network.learned_positions, network.add_reference_to_target, network.pooled_text_in_modulation)
        return cls(network) if any(options) else None

    def register(self, network: nn.Module) -> None:
        """Make the parts sub-modules of `network`."""
        for name, part in vars(self).items():
            if isinstance(part, nn.Module):
                network.add_module(name, part)

    def in_time(self, embedded: EmbeddedConditions, conditions: Conditions) -> EmbeddedConditions:
        """The mean prompt token added to every time embedding; the HOI stream's to its own."""
        if not self.prompt_in_time:
            return embedded
        prompt_BD = pooled_text(conditions.text_BLD, embedded.text_BLD)
        if conditions.prompt_of_B is not None:
            prompt_BD = prompt_BD[conditions.prompt_of_B]
        hoi_prompt_BD = prompt_BD
        if conditions.hoi_text_BLD is not None and embedded.hoi_text_BLD is not None:
            hoi_prompt_BD = pooled_text(conditions.hoi_text_BLD, embedded.hoi_text_BLD)
        return replace(
            embedded,
            step_BD=embedded.step_BD + prompt_BD,
            zero_BD=embedded.zero_BD + prompt_BD,
            hoi_step_BD=embedded.hoi_step_BD + hoi_prompt_BD,
            hoi_zero_BD=embedded.hoi_zero_BD + hoi_prompt_BD,
        )

    def in_tokens(self, tokens: Tokens, conditions: Conditions, layout: TokenLayout) -> Tokens:
        """Positions and the person reference added to the tokens being denoised, positions to the product's."""
        target_BND, clean_BRD, hoi_BND = tokens
        added: list[Tensor] = []
        if self.positions is not None:
            added.append(self.positions(layout.grid))
        if self.reference_patch is not None:
            added.append(self.reference_patch(conditions.person_BC1hw).repeat(1, layout.frames, 1))
        for x in added:
            target_BND = target_BND + x
            hoi_BND = None if hoi_BND is None else hoi_BND + x
        if self.product_positions is not None and layout.product_scale is not None:
            frame = layout.rows * layout.columns
            person, product, motion = clean_BRD.split((frame, frame, clean_BRD.shape[1] - 2 * frame), dim=1)
            placed = product + self.product_positions((1, layout.rows, layout.columns))
            clean_BRD = torch.cat((person, placed, motion), dim=1)
        return Tokens(target_BND, clean_BRD, hoi_BND)


def pooled_text(text_BLD: Tensor, embedded_BLD: Tensor) -> Tensor:
    """Mean embedded text token, [B,D]; rows of zeros are padding and do not count."""
    used_BL1 = (text_BLD != 0).any(dim=-1, keepdim=True).float()
    return (embedded_BLD.float() * used_BL1).sum(dim=1) / used_BL1.sum(dim=1).clamp(min=1)
