"""The network's configuration: its shape (conf/network) and what the paper and the released code do differently
(conf/recipe). A part of model.contracts, where everybody imports it from.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, model_validator

from foundation.bounds import Few, Once, Positive, Share, Weight, Width, above, whole

RegionName = Literal["base", "head", "hand"]
LabelName = Literal["base", "head", "hand", "product"]
REGIONS: tuple[RegionName, ...] = ("base", "head", "hand")  # the router's; released logits order base, hand, face
LABELS: tuple[LabelName, ...] = (*REGIONS, "product")  # of a target token, label value = index; router: product is base
PatchSide = Annotated[int, whole(1, 16)]


class NetworkConfig(BaseModel, frozen=True, extra="forbid"):
    """conf/network/*.yaml: the shape of the transformer. `tiny` and `wan_s2v_14b` are the same code."""

    dim: Annotated[int, whole(4, 65_536, multiple_of=4)]  # the audio encoder works at dim/4
    ffn_dim: Width
    layers: Few
    heads: Few
    latent_channels: Width = 16
    frequency_dim: Annotated[int, whole(2, 65_536, multiple_of=2)] = 256  # cosines and sines
    text_dim: Width
    text_tokens: Width
    audio_dim: Width
    audio_layers: Few
    audio_tokens_per_frame: Few = 4
    audio_injection_layers: Annotated[list[Annotated[int, whole(0, 1_023)]], Once]
    expert_dim: Annotated[int, whole(0, 65_536)] = 256  # 0 where the recipe has no experts
    # latent frames, rows and columns of a token; one frame: references are pictures
    patch: tuple[Literal[1], PatchSide, PatchSide] = (1, 2, 2)
    motion: bool = True  # owns the FramePack motion patch embeddings
    eps: Annotated[float, above(0, 0.1)] = 1e-6
    # model.network.tiny_inputs: options of the tiny preset, off in wan_s2v_14b
    # (T, rows, columns) of learned position tables added to target, HOI and product tokens
    learned_positions: tuple[Width, Width, Width] | None = None
    add_reference_to_target: bool = False  # the reference latent's tokens are added to every target token
    pooled_text_in_modulation: bool = False  # the mean text token is added to the time embedding

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> Self:
        if self.dim % self.heads:
            raise ValueError(f"network.dim {self.dim} is not a multiple of network.heads {self.heads}: change either")
        head_dim = self.dim // self.heads
        if head_dim % 2 or head_dim // 3 == 0 or (head_dim // 3) % 2:
            raise ValueError(
                f"network.dim / network.heads = {head_dim}: a head's third must come out even for the rotary pairs of "
                "height and width; use a head size such as 24, 48, 96, 128 or 144"
            )
        return self

    @model_validator(mode="after")
    def _sound_enters_at_layers_that_exist(self) -> Self:
        if outside := [layer for layer in self.audio_injection_layers if layer >= self.layers]:
            raise ValueError(
                f"network.audio_injection_layers names layer {outside[0]}: network.layers is {self.layers}, so give "
                f"layers 0..{self.layers - 1}"
            )
        return self


class RecipeConfig(BaseModel, frozen=True, extra="forbid"):
    """conf/recipe/*.yaml: where the paper and the released code differ, one named option each."""

    experts: Annotated[tuple[RegionName, ...], Once]  # paper: head hand base; released: hand head (base has no expert)
    router: Literal["paper", "released"]
    hoi_positions: Literal["negative_width", "wrapped_table"]  # wrapped: the released 1024-row table quirk
    hoi_modulation: Literal["own_step", "zero_step"]
    hoi_attends_product: bool  # released: HOI queries also see the product reference
    experts_off_above: Share | None  # released: 0.9 of the noise range
    experts_off_unconditional: bool
    timesteps: Literal["exact", "bf16"] = "exact"  # bf16: rounded before the network sees them (decision 0024)
    # likeliest: at inference a token runs its likeliest region's expert only, a third of the experts' cost
    experts_at_inference: Literal["all", "likeliest"] = "all"
    hoi_loss_weight: Weight
    route_loss_weight: Weight
    route_class_weights: dict[RegionName, Weight]
    region_loss_weights: dict[LabelName, Weight] | None = None  # RGB loss by label, toy only; None: all latents alike
    prediction: Literal["velocity", "reference_residual"]  # residual: tiny only, x0 = reference + output, x0 loss
    sigma_shift_training: Positive
    drop_prompt: Share
    drop_audio: Share
    drop_motion: Share
    drop_pose: Share

    @model_validator(mode="after")
    def _every_region_has_a_weight(self) -> Self:
        _require_weights("route_class_weights", self.route_class_weights, REGIONS)
        if self.region_loss_weights is not None:
            _require_weights("region_loss_weights", self.region_loss_weights, LABELS)
        return self


def _require_weights(field: str, weights: Mapping[Any, float], names: Sequence[str]) -> None:
    if missing := set(names) - set(weights):
        raise ValueError(f"{field} has no weight for {sorted(missing)}: name each of {list(names)}")
    if not any(weights.values()):
        raise ValueError(f"{field} gives every one of {list(names)} the weight 0: nothing would be learned")
