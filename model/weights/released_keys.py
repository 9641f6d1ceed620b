"""The public code's state-dict layout and ours (repository luoxyhappy/CoInteract; base: Wan2.2-S2V-14B).

"depth" is the released name of the HOI stream, "face" of the head region. The base checkpoint is the same layout
without HOI keys and with a plain FFN in place of the mixture of experts.
"""

import re
from collections.abc import Mapping

from torch import Tensor, nn

from model.contracts import RegionName
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.embeddings import PatchEmbedding
from model.weights.key_maps import (
    Entry,
    check_keys,
    load_mapped,
    renamed,
    reordered,
    reshaped,
    stacked,
    their_shapes,
    to_theirs,
)

RELEASED_EXPERTS: dict[RegionName, str] = {"head": "face_expert", "hand": "hand_expert", "base": "base_expert"}
ROUTER_ROWS = [0, 2, 1]  # released order base, hand, face <-> REGIONS base, head, hand; its own inverse
RENAMES = (  # (ours, released), the first that fits a key's beginning
    ("rgb_patch.project.", "patch_embedding."),
    ("pose_patch.project.", "cond_encoder."),
    ("hoi_patch.project.", "depth_patch_embedding."),
    ("motion_patches.0.project.", "frame_packer.proj."),
    ("motion_patches.1.project.", "frame_packer.proj_2x."),
    ("motion_patches.2.project.", "frame_packer.proj_4x."),
    ("type_embedding_3D", "trainable_cond_mask.weight"),
    ("hoi_type_embedding_1D", "depth_cond_mask.weight"),
    ("time.embed.", "time_embedding."),
    ("time.project.", "time_projection.1."),
    ("text.", "text_embedding."),
    ("audio.layer_weights_1K11", "casual_audio_encoder.weights"),
    ("audio.padding_token_111D", "casual_audio_encoder.encoder.padding_tokens"),
    ("audio.local_conv.conv.", "casual_audio_encoder.encoder.conv1_local.conv."),
    ("audio.global_conv.conv.", "casual_audio_encoder.encoder.conv1_global.conv."),
    ("audio.conv2.conv.", "casual_audio_encoder.encoder.conv2.conv."),
    ("audio.conv3.conv.", "casual_audio_encoder.encoder.conv3.conv."),
    ("audio.global_output.", "casual_audio_encoder.encoder.final_linear."),
    ("rgb_head.output.", "head.head."),
    ("rgb_head.modulation_12D", "head.modulation"),
    ("hoi_head.output.", "depth_head.head."),
    ("hoi_head.modulation_12D", "depth_head.modulation"),
)
BLOCK_RENAMES = (
    ("hoi_modulation_16D", "depth_modulation"),
    ("modulation_16D", "modulation"),
    ("self_attention.", "self_attn."),
    ("cross_norm.", "norm3."),
    ("cross_attention.", "cross_attn."),
    ("experts.router.", "ffn.router."),
)
EXPERT_PARTS = {
    "hidden_weight_EXD": "fc1.weight",
    "hidden_bias_EX": "fc1.bias",
    "output_weight_EDX": "fc2.weight",
    "output_bias_ED": "fc2.bias",
}


def released_entries(network: DualStreamTransformer) -> list[Entry]:
    """Every parameter of `network` in the released layout; ValueError for the tiny preset's options."""
    return [_entry(network, key) for key in network.state_dict()]


def base_entries(network: DualStreamTransformer) -> list[Entry]:
    """The backbone's parameters in the base checkpoint's layout: no HOI keys, no experts, plain FFN."""
    kept = [key for key in network.state_dict() if not is_hoi_key(key) and ".experts." not in key]
    return [_entry(network, key, plain_ffn=True) for key in kept]


def is_hoi_key(key: str) -> bool:
    """True for the parameters only the HOI stream uses."""
    return any(part.startswith("hoi_") for part in key.split("."))


def load_released(network: DualStreamTransformer, weights: Mapping[str, Tensor], source: str) -> None:
    """Copies weights in the released layout into `network`; ValueError lists keys that do not fit."""
    entries = released_entries(network)
    check_keys(their_shapes(entries, network), {key: tuple(x.shape) for key, x in weights.items()}, source)
    load_mapped(network, entries, lambda key: weights[key], source)


def to_released(network: DualStreamTransformer) -> dict[str, Tensor]:
    """The weights of `network` in the released layout."""
    return to_theirs(network.state_dict(), released_entries(network))


def _entry(network: DualStreamTransformer, key: str, plain_ffn: bool = False) -> Entry:
    block = re.fullmatch(r"(blocks\.\d+\.)(.+)", key)
    if block:
        return _block_entry(network, key, block[1], block[2], plain_ffn or not network.recipe.experts)
    injector = re.fullmatch(r"audio_injectors\.(\d+)\.(attention|modulate)\.(.+)", key)
    if injector:
        return renamed(key, _injector_name(network, int(injector[1]), injector[2], injector[3]))
    theirs = _renamed(key, RENAMES)
    module = network.get_submodule(key.rpartition(".project.")[0])
    if isinstance(module, PatchEmbedding) and key.endswith(".weight"):
        return _patch_entry(key, theirs, module)
    return renamed(key, theirs)


def _block_entry(network: DualStreamTransformer, key: str, prefix: str, rest: str, plain_ffn: bool) -> Entry:
    if rest.startswith("feed_forward."):
        layer = rest.removeprefix("feed_forward.")
        return renamed(key, f"{prefix}ffn.{layer}" if plain_ffn else f"{prefix}ffn.ffn_base.{layer}")
    part = EXPERT_PARTS.get(rest.removeprefix("experts."))
    if part:
        names = [RELEASED_EXPERTS[name] for name in network.recipe.experts]
        return stacked(key, tuple(f"{prefix}ffn.{name}.{part}" for name in names))
    theirs = prefix + _renamed(rest, BLOCK_RENAMES)
    last = len(_router(network)) - 1 if network.recipe.experts else -1
    if rest.startswith(f"experts.router.{last}."):
        return reordered(key, theirs, ROUTER_ROWS)
    return renamed(key, theirs)


def _router(network: DualStreamTransformer) -> nn.Sequential:
    router = network.blocks[0].get_submodule("experts.router")
    assert isinstance(router, nn.Sequential)
    return router


def _injector_name(network: DualStreamTransformer, layer: int, part: str, rest: str) -> str:
    index = network.network.audio_injection_layers.index(layer)
    if part == "attention":
        return f"audio_injector.injector.{index}.{rest}"
    return f"audio_injector.injector_adain_layers.{index}.linear.{rest}"


def _patch_entry(key: str, theirs: str, module: PatchEmbedding) -> Entry:
    dim, values = module.project.weight.shape
    pt, ph, pw = module.patch
    return reshaped(key, theirs, (dim, values), (dim, values // (pt * ph * pw), pt, ph, pw))


def _renamed(key: str, renames: tuple[tuple[str, str], ...]) -> str:
    for ours, theirs in renames:
        if key.startswith(ours):
            return theirs + key.removeprefix(ours)
    raise ValueError(
        f"{key} has no name in the released layout: switch off network.learned_positions, add_reference_to_target "
        "and pooled_text_in_modulation to read or write public weights"
    )
