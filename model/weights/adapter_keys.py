"""The public adapter file and our network: LoRA factors plus the modules that were trained in full.

Layout of the authors' file: `diffusion_model.<layer>.lora_A.weight` / `.lora_B.weight` for q, k, v, o and both FFN
layers of the backbone (rank 128, scale 1), and plain router, hand_expert and face_expert keys. Files of their training
script also hold factors of the audio injectors and the HOI stream's keys: each group must be there whole or not at all.

Shape legend: R rank, D_in and D_out a layer's widths.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from model.network.dual_stream_transformer import DualStreamTransformer
from model.weights.key_maps import Entry, Shapes, check_keys, load_mapped, their_shapes
from model.weights.released_keys import is_hoi_key, released_entries

NAMESPACE = "diffusion_model."
ADAPTED = (".q", ".k", ".v", ".o", ".feed_forward.0", ".feed_forward.2")


@dataclass(frozen=True)
class LowRank:
    """One adapted layer: weight += B A."""

    down_RD: Tensor
    up_DR: Tensor


def adapted_layers(network: nn.Module) -> list[str]:
    """Our names of the linear layers the adapter covers."""
    return [name for name, part in network.named_modules() if isinstance(part, nn.Linear) and name.endswith(ADAPTED)]


def read_adapter(
    network: DualStreamTransformer, tensors: Mapping[str, Tensor], source: str
) -> tuple[dict[str, LowRank], dict[str, Tensor]]:
    """Factors by our layer name, and the plain keys in the released layout; ValueError lists keys that do not fit."""
    plain, factors = _split({_normal(key): x for key, x in tensors.items()}, source)
    names = _released_layer_names(network)
    rank = next(iter(factors.values())).shape[0] if factors else 0
    wanted: Shapes = {}
    for ours, theirs in names.items():
        layer = network.get_submodule(ours)
        assert isinstance(layer, nn.Linear)
        if ours.startswith("audio_injectors.") and not any(key.startswith("audio_injector.") for key in factors):
            continue
        wanted[f"{theirs}.lora_A.weight"] = (rank, layer.in_features)
        wanted[f"{theirs}.lora_B.weight"] = (layer.out_features, rank)
    wanted |= their_shapes(_plain_entries(network, plain), network)
    check_keys(wanted, {key: tuple(x.shape) for key, x in {**factors, **plain}.items()}, source)
    adapted = {ours: theirs for ours, theirs in names.items() if f"{theirs}.lora_A.weight" in factors}
    low_rank = {
        ours: LowRank(factors[f"{theirs}.lora_A.weight"], factors[f"{theirs}.lora_B.weight"])
        for ours, theirs in adapted.items()
    }
    return low_rank, plain


def merge_adapter(
    network: DualStreamTransformer, tensors: Mapping[str, Tensor], source: str, scale: float = 1.0
) -> None:
    """Adds the adapter to `network` in place: weight += scale B A; plain keys replace ours."""
    low_rank, plain = read_adapter(network, tensors, source)
    load_mapped(network, _plain_entries(network, plain), lambda key: plain[key], source)
    with torch.no_grad():
        for name, factors in low_rank.items():
            layer = network.get_submodule(name)
            assert isinstance(layer, nn.Linear)
            update = scale * factors.up_DR.float() @ factors.down_RD.float()
            if not update.isfinite().all():
                raise ValueError(f"{source} holds NaN or infinite factors for {name}; take an intact file")
            layer.weight.add_(update.to(layer.weight.dtype))


def to_adapter(network: DualStreamTransformer, low_rank: Mapping[str, LowRank]) -> dict[str, Tensor]:
    """The public layout of factors (by our layer name) and of the modules trained in full."""
    names, state = _released_layer_names(network), network.state_dict()
    result: dict[str, Tensor] = {}
    for ours, factors in low_rank.items():
        result[f"{NAMESPACE}{names[ours]}.lora_A.weight"] = factors.down_RD.contiguous()
        result[f"{NAMESPACE}{names[ours]}.lora_B.weight"] = factors.up_DR.contiguous()
    for entry in released_entries(network):
        if is_trained_in_full(entry.ours):
            parts = entry.to_theirs(state[entry.ours])
            result |= {key: part.contiguous() for key, part in zip(entry.theirs, parts, strict=True)}
    return result


def is_trained_in_full(key: str) -> bool:
    """Router, experts and everything the HOI stream owns."""
    return ".experts." in key or is_hoi_key(key)


def _normal(key: str) -> str:
    """One spelling: no namespace, no peft adapter name, FFN layers under `ffn_base`."""
    key = key.removeprefix(NAMESPACE).replace(".default.", ".")
    for layer in ("0", "2"):
        key = key.replace(f".ffn.{layer}.lora_", f".ffn.ffn_base.{layer}.lora_")
    return key


def _split(tensors: dict[str, Tensor], source: str) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    factors = {key: x for key, x in tensors.items() if ".lora_" in key}
    if not factors:
        raise ValueError(f"{source} holds no lora_A / lora_B keys: not an adapter; load it as a whole checkpoint")
    return {key: x for key, x in tensors.items() if key not in factors}, dict(sorted(factors.items()))


def _released_layer_names(network: DualStreamTransformer) -> dict[str, str]:
    """Our layer name -> the released one."""
    theirs = {entry.ours: entry.theirs[0] for entry in released_entries(network)}
    return {name: theirs[f"{name}.weight"].removesuffix(".weight") for name in adapted_layers(network)}


def _plain_entries(network: DualStreamTransformer, plain: Mapping[str, Tensor]) -> list[Entry]:
    """What the plain keys must cover: router and experts always, the HOI stream where the file has any of it."""
    entries = [entry for entry in released_entries(network) if is_trained_in_full(entry.ours)]
    with_hoi = any("depth_" in key for key in plain)
    return [entry for entry in entries if with_hoi or not is_hoi_key(entry.ours)]
