"""The network: RGB and HOI structure denoised by one set of transformer weights (CoInteract, arXiv 2604.19636, sec. 3).

Token order: RGB target | person reference | product reference | motion | HOI. In training both streams run; the shipped
artifact is the same class built with streams="rgb", which holds no HOI weight at all.

Shape legend: B batch, C latent channels, T latent frames to denoise, h w latent height and width, N target tokens,
R clean tokens (references, motion), L text tokens, D width, M layers, E = 3 regions.
"""

from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from model.contracts import REGIONS, AttentionMode, NetworkConfig, RecipeConfig
from model.network.attention import AttentionPlan
from model.network.audio_encoder import AudioInjector, CausalAudioEncoder
from model.network.embeddings import Head, LearnedPositions, PatchEmbedding, TextEmbedding, TimeEmbedding, pooled_text
from model.network.initialization import initialize
from model.network.input_checks import check_batch, check_network
from model.network.motion import MotionEmbedding
from model.network.rotary import TokenLayout, rotary_tables
from model.network.streams import Conditions, Denoised
from model.network.transformer_block import BlockInputs, Tokens, TransformerBlock

TIMESTEPS = 1000.0
TARGET, REFERENCE, MOTION = range(3)  # rows of the type embedding


@dataclass(frozen=True)
class TimeAndText:
    """Time embeddings [B,D] (plus the pooled prompt where the network has that option) and embedded text."""

    step_BD: Tensor
    zero_BD: Tensor  # timestep 0: references, product, motion
    hoi_step_BD: Tensor
    hoi_zero_BD: Tensor
    text_BLD: Tensor
    hoi_text_BLD: Tensor | None


class DualStreamTransformer(nn.Module):
    """Denoises RGB, and HOI beside it where there is an HOI input.

    `network` gives the shape, `recipe` the variant (paper or released), `streams` whether HOI weights exist;
    with `checkpoint_blocks` training keeps only what enters each layer and computes the rest again going backward.
    Raises ValueError naming the field when the configuration or a batch does not fit.
    """

    def __init__(
        self,
        network: NetworkConfig,
        recipe: RecipeConfig,
        streams: Literal["dual", "rgb"] = "dual",
        checkpoint_blocks: bool = False,
    ) -> None:
        super().__init__()
        check_network(network)
        self.checkpoint_blocks = checkpoint_blocks
        self.network, self.recipe = network, recipe
        self.streams: Literal["dual", "rgb"] = streams
        dim, channels, patch = network.dim, network.latent_channels, network.patch
        hoi = streams == "dual"
        self.rgb_patch = PatchEmbedding(channels, patch, dim)
        self.pose_patch = PatchEmbedding(channels, patch, dim)
        self.motion_patches = MotionEmbedding(channels, dim) if network.motion else None
        self.type_embedding_3D = nn.Parameter(torch.empty(3, dim))
        places = network.learned_positions
        self.positions = LearnedPositions(places, dim) if places else None
        self.product_positions = LearnedPositions((1, *places[1:]), dim) if places else None
        self.reference_patch = PatchEmbedding(channels, patch, dim) if network.add_reference_to_target else None
        self.time = TimeEmbedding(network.frequency_dim, dim)
        self.text = TextEmbedding(network.text_dim, dim)
        self.audio = CausalAudioEncoder(network)
        self.audio_injectors = nn.ModuleDict({str(i): AudioInjector(network) for i in network.audio_injection_layers})
        self.blocks = nn.ModuleList(TransformerBlock(network, recipe, hoi) for _ in range(network.layers))
        self.rgb_head = Head(dim, channels, patch, network.eps)
        self.hoi_patch = PatchEmbedding(channels, patch, dim) if hoi else None
        self.hoi_type_embedding_1D = nn.Parameter(torch.empty(1, dim)) if hoi else None
        self.hoi_head = Head(dim, channels, patch, network.eps) if hoi else None
        initialize(self)
        nn.init.normal_(self.type_embedding_3D, std=dim**-0.5)
        if hoi:
            self.start_hoi_as_copy()

    def forward(
        self,
        rgb_BCThw: Tensor,
        timestep_B: Tensor,
        conditions: Conditions,
        hoi_BCThw: Tensor | None = None,
        attention: AttentionMode = "asymmetric",
        conditional: bool | Tensor = True,
    ) -> Denoised:
        """One denoising step.

        `timestep_B` in 0..1000, one a sample. `conditional` is False (or a bool [B]) on CFG's unconditional side.
        Outputs are raw: `model.flow_matching` says what they mean under `recipe.prediction`.
        """
        self._check(rgb_BCThw, hoi_BCThw, conditions)
        layout = _layout(self.network, rgb_BCThw, conditions)
        times = self._time_and_text(timestep_B, conditions)
        tokens = self._tokens(rgb_BCThw, conditions, hoi_BCThw)
        plan = self._plan(layout, rgb_BCThw.device, attention)
        inputs = self._block_inputs(times, plan, self._experts_on(timestep_B, conditional), conditions.prompt_of_B)
        tokens, logits = self._through_blocks(tokens, inputs, self.audio(conditions.audio_BKAS))

        grid = (layout.frames, layout.rows, layout.columns)
        rgb = self.rgb_head(tokens.target_BND, times.step_BD, grid)
        hoi = None
        if self.hoi_head is not None and tokens.hoi_BND is not None:
            hoi = self.hoi_head(tokens.hoi_BND, times.hoi_step_BD, grid)
        return Denoised(rgb, hoi, _stacked(logits, tokens.target_BND))

    def start_hoi_as_copy(self) -> None:
        """The HOI stream starts as the RGB stream: patch embedding, head, modulations copied, type embedding zero."""
        assert self.hoi_patch is not None
        assert self.hoi_head is not None
        assert self.hoi_type_embedding_1D is not None
        self.hoi_patch.load_state_dict(self.rgb_patch.state_dict())
        self.hoi_head.load_state_dict(self.rgb_head.state_dict())
        nn.init.zeros_(self.hoi_type_embedding_1D)
        for block in self.blocks:
            assert isinstance(block, TransformerBlock)
            block.start_hoi_as_copy()

    def _through_blocks(
        self, tokens: Tokens, inputs: BlockInputs, spoken: tuple[Tensor, Tensor]
    ) -> tuple[Tokens, list[Tensor]]:
        """All blocks, with the sound injected after the listed ones; logits [B,N,E] of every router."""
        logits: list[Tensor] = []
        for layer in range(len(self.blocks)):
            if self.checkpoint_blocks and torch.is_grad_enabled():
                run = partial(checkpoint, self._layer, use_reentrant=False, preserve_rng_state=False)
            else:
                run = self._layer
            tokens, logits_BNE = run(layer, tokens, inputs, spoken)
            if logits_BNE is not None:
                logits.append(logits_BNE)
        return tokens, logits

    def _layer(
        self, layer: int, tokens: Tokens, inputs: BlockInputs, spoken: tuple[Tensor, Tensor]
    ) -> tuple[Tokens, Tensor | None]:
        tokens, logits_BNE = self.blocks[layer](tokens, inputs)
        if str(layer) in self.audio_injectors:
            spoken_BND = self.audio_injectors[str(layer)](tokens.target_BND, *spoken)
            tokens = tokens._replace(target_BND=tokens.target_BND + spoken_BND)
        return tokens, logits_BNE

    def _check(self, rgb_BCThw: Tensor, hoi_BCThw: Tensor | None, conditions: Conditions) -> None:
        check_batch(self.network, rgb_BCThw, hoi_BCThw, conditions)
        if hoi_BCThw is not None and self.streams == "rgb":
            raise ValueError(
                "hoi_BCThw is given to a network built with streams='rgb': leave it out or load both streams"
            )

    def _tokens(self, rgb_BCThw: Tensor, conditions: Conditions, hoi_BCThw: Tensor | None) -> Tokens:
        pose_BCThw = conditions.pose_BCThw
        pose_BND = self.pose_patch(torch.zeros_like(rgb_BCThw) if pose_BCThw is None else pose_BCThw)
        target = self.rgb_patch(rgb_BCThw) + pose_BND + self.type_embedding_3D[TARGET]
        clean = [self.rgb_patch(conditions.person_BC1hw) + self.type_embedding_3D[REFERENCE]]
        if conditions.product_BC1hw is not None:
            clean.append(self._product(conditions.product_BC1hw))
        if conditions.motion_BCFhw is not None:
            assert self.motion_patches is not None
            clean += [x + self.type_embedding_3D[MOTION] for x in self.motion_patches(conditions.motion_BCFhw)]
        hoi = None
        if hoi_BCThw is not None:
            assert self.hoi_patch is not None
            hoi = self.hoi_patch(hoi_BCThw) + self.hoi_type_embedding_1D
        return self._with_tiny_options(Tokens(target, torch.cat(clean, dim=1), hoi), rgb_BCThw, conditions)

    def _product(self, product_BC1hw: Tensor) -> Tensor:
        """Product tokens [B,N,D]; learned positions tell them from the person's, where the network has them."""
        product_BND = self.rgb_patch(product_BC1hw) + self.type_embedding_3D[REFERENCE]
        if self.product_positions is None:
            return product_BND
        _, ph, pw = self.network.patch
        return product_BND + self.product_positions((1, product_BC1hw.shape[3] // ph, product_BC1hw.shape[4] // pw))

    def _with_tiny_options(self, tokens: Tokens, rgb_BCThw: Tensor, conditions: Conditions) -> Tokens:
        """Adds learned positions and the person reference to the tokens being denoised, where the network has them."""
        _, ph, pw = self.network.patch
        frames, rows, columns = rgb_BCThw.shape[2], rgb_BCThw.shape[3] // ph, rgb_BCThw.shape[4] // pw
        target, hoi = tokens.target_BND, tokens.hoi_BND
        if self.positions is not None:
            positions_ND = self.positions((frames, rows, columns))
            target = target + positions_ND
            hoi = None if hoi is None else hoi + positions_ND
        if self.reference_patch is not None:
            reference_BND = self.reference_patch(conditions.person_BC1hw).repeat(1, frames, 1)
            target = target + reference_BND
            hoi = None if hoi is None else hoi + reference_BND
        return Tokens(target, tokens.clean_BRD, hoi)

    def _time_and_text(self, timestep_B: Tensor, conditions: Conditions) -> TimeAndText:
        step_BD, zero_BD = self.time(timestep_B), self.time(torch.zeros_like(timestep_B))
        text_BLD = self.text(conditions.text_BLD)
        hoi_text_BLD = None if conditions.hoi_text_BLD is None else self.text(conditions.hoi_text_BLD)
        if not self.network.pooled_text_in_modulation:
            return TimeAndText(step_BD, zero_BD, step_BD, zero_BD, text_BLD, hoi_text_BLD)
        prompt_BD = pooled_text(conditions.text_BLD, text_BLD)
        if conditions.prompt_of_B is not None:
            prompt_BD = prompt_BD[conditions.prompt_of_B]
        hoi_prompt_BD = prompt_BD
        if conditions.hoi_text_BLD is not None and hoi_text_BLD is not None:
            hoi_prompt_BD = pooled_text(conditions.hoi_text_BLD, hoi_text_BLD)
        rgb = (step_BD + prompt_BD, zero_BD + prompt_BD)
        return TimeAndText(*rgb, step_BD + hoi_prompt_BD, zero_BD + hoi_prompt_BD, text_BLD, hoi_text_BLD)

    def _plan(self, layout: TokenLayout, device: torch.device, attention: AttentionMode) -> AttentionPlan:
        head_dim = self.network.dim // self.network.heads
        frame, target = layout.rows * layout.columns, layout.frames * layout.rows * layout.columns
        seen = [(0, target)]
        if self.recipe.hoi_attends_product and layout.product_scale is not None:
            seen.append((target + frame, frame))
        rotary = rotary_tables(layout, self.recipe.hoi_positions, head_dim, device)
        return AttentionPlan(attention, rotary, tuple(seen))

    def _block_inputs(
        self, times: TimeAndText, plan: AttentionPlan, experts_on_B: Tensor | None, prompt_of_B: Tensor | None
    ) -> BlockInputs:
        hoi_BD = times.hoi_step_BD if self.recipe.hoi_modulation == "own_step" else times.hoi_zero_BD
        return BlockInputs(
            plan=plan,
            step_B6D=self.time.modulation(times.step_BD),
            clean_B6D=self.time.modulation(times.zero_BD),
            hoi_B6D=self.time.modulation(hoi_BD),
            text_BLD=times.text_BLD,
            hoi_text_BLD=times.hoi_text_BLD,
            experts_on_B=experts_on_B,
            prompt_of_B=prompt_of_B,
        )

    def _experts_on(self, timestep_B: Tensor, conditional: bool | Tensor) -> Tensor | None:
        """1 for samples whose experts are on, else 0; None where they are off for all (and need not run)."""
        limit, on_B = self.recipe.experts_off_above, torch.ones_like(timestep_B, dtype=torch.bool)
        if limit is not None:
            on_B = timestep_B / TIMESTEPS < limit
        if self.recipe.experts_off_unconditional:
            if conditional is False:
                return None
            on_B = on_B & conditional
        return on_B.float()


def _layout(network: NetworkConfig, rgb_BCThw: Tensor, conditions: Conditions) -> TokenLayout:
    frames, height, width = rgb_BCThw.shape[2:]
    pt, ph, pw = network.patch
    scale = None if conditions.product_BC1hw is None else conditions.product_scale
    motion = conditions.motion_BCFhw is not None
    return TokenLayout(frames // pt, height // ph, width // pw, height, width, scale, motion)


def _stacked(logits: list[Tensor], target_BND: Tensor) -> Tensor:
    """[M,B,N,E]; M = 0 where the network has no experts."""
    if logits:
        return torch.stack(logits)
    return target_BND.new_zeros(0, *target_BND.shape[:2], len(REGIONS))
