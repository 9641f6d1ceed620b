"""The network: RGB and HOI structure denoised by one set of transformer weights (CoInteract, arXiv 2604.19636, sec. 3).

Token order: RGB target | person reference | product reference | motion | HOI. In training both streams run; the shipped
artifact is the same class built with streams="rgb", which holds no HOI weight at all.

Shape legend: B batch, C latent channels, T latent frames to denoise, h w latent height and width, N target tokens,
R clean tokens (references, motion), D width, M layers, E = 3 regions.
"""

from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from model.contracts import REGIONS, AttentionMode, NetworkConfig, RecipeConfig
from model.network.attention_plan import plan_attention, token_layout
from model.network.audio_encoder import AudioInjector, CausalAudioEncoder
from model.network.embedded_conditions import embed_conditions
from model.network.embeddings import Head, PatchEmbedding, TextEmbedding, TimeEmbedding
from model.network.initialization import initialize
from model.network.input_checks import check_batch
from model.network.motion import MotionEmbedding
from model.network.region_experts import experts_on
from model.network.streams import Conditions, Denoised
from model.network.tiny_inputs import TinyInputs
from model.network.transformer_block import BlockInputs, Tokens, TransformerBlock

TARGET, REFERENCE, MOTION = range(3)  # rows of the type embedding


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
        self.checkpoint_blocks = checkpoint_blocks
        self.network, self.recipe = network, recipe
        self.streams: Literal["dual", "rgb"] = streams
        dim, channels, patch = network.dim, network.latent_channels, network.patch
        hoi = streams == "dual"
        # the order decides how the optimizer lays weights out and which random numbers each is drawn from
        self.rgb_patch = PatchEmbedding(channels, patch, dim)
        self.pose_patch = PatchEmbedding(channels, patch, dim)
        self.motion_patches = MotionEmbedding(channels, dim) if network.motion else None
        self.type_embedding_3D = nn.Parameter(torch.empty(3, dim))
        self.tiny_inputs = TinyInputs.of(network)
        if self.tiny_inputs is not None:
            self.tiny_inputs.register(self)
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
        check_batch(self.network, self.streams, rgb_BCThw, hoi_BCThw, conditions)
        layout = token_layout(self.network, rgb_BCThw, conditions)
        plan = plan_attention(self.network, self.recipe, layout, attention, conditions)
        experts_on_B = experts_on(self.recipe, timestep_B, conditional)

        embedded = embed_conditions(self.time, self.text, timestep_B, conditions)
        tokens = self._tokens(rgb_BCThw, conditions, hoi_BCThw)
        if self.tiny_inputs is not None:
            embedded = self.tiny_inputs.in_time(embedded, conditions)
            tokens = self.tiny_inputs.in_tokens(tokens, conditions, layout)

        hoi_BD = embedded.hoi_step_BD if self.recipe.hoi_modulation == "own_step" else embedded.hoi_zero_BD
        step, clean, hoi = (self.time.modulation(x_BD) for x_BD in (embedded.step_BD, embedded.zero_BD, hoi_BD))
        texts = (embedded.text_BLD, embedded.hoi_text_BLD, conditions.prompt_of_B)
        inputs = BlockInputs(plan, step, clean, hoi, *texts, experts_on_B)
        tokens, logits = self._through_blocks(tokens, inputs, self.audio(conditions.audio_BKAS))

        rgb_BCThw, hoi_BCThw = self.rgb_head(tokens.target_BND, embedded.step_BD, layout.grid), None
        if self.hoi_head is not None and tokens.hoi_BND is not None:
            hoi_BCThw = self.hoi_head(tokens.hoi_BND, embedded.hoi_step_BD, layout.grid)
        return Denoised(rgb_BCThw, hoi_BCThw, _stacked(logits, tokens.target_BND))

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

    def _tokens(self, rgb_BCThw: Tensor, conditions: Conditions, hoi_BCThw: Tensor | None) -> Tokens:
        pose_BCThw = conditions.pose_BCThw
        pose_BND = self.pose_patch(torch.zeros_like(rgb_BCThw) if pose_BCThw is None else pose_BCThw)
        target = self.rgb_patch(rgb_BCThw) + pose_BND + self.type_embedding_3D[TARGET]
        clean = [self.rgb_patch(conditions.person_BC1hw) + self.type_embedding_3D[REFERENCE]]
        if conditions.product_BC1hw is not None:
            clean.append(self.rgb_patch(conditions.product_BC1hw) + self.type_embedding_3D[REFERENCE])
        if conditions.motion_BCFhw is not None:
            assert self.motion_patches is not None
            clean += [x + self.type_embedding_3D[MOTION] for x in self.motion_patches(conditions.motion_BCFhw)]
        elif self.motion_patches is not None and self.training:
            # a step that drops its motion gives these weights a gradient of zeros: ZeRO-3 would take that of the step
            # before, and an optimizer without ZeRO none
            target = target + 0 * self.motion_patches.untouched(rgb_BCThw)
        hoi = None
        if hoi_BCThw is not None:
            assert self.hoi_patch is not None
            hoi = self.hoi_patch(hoi_BCThw) + self.hoi_type_embedding_1D
        return Tokens(target, torch.cat(clean, dim=1), hoi)


def _stacked(logits: list[Tensor], target_BND: Tensor) -> Tensor:
    """[M,B,N,E]; M = 0 where the network has no experts."""
    if logits:
        return torch.stack(logits)
    return target_BND.new_zeros(0, *target_BND.shape[:2], len(REGIONS))
