"""The networks that the benchmarks run: a scale model, or a preset, with changes."""

import json

from model.contracts import NetworkConfig
from model.presets import network_preset

# Wan2.2-S2V-14B in small: the same head size and, at 256x256 and 6 latent frames, about the same ratios of tokens, FFN,
# experts, text and sound to the width
SCALE_MODEL = NetworkConfig(
    dim=384,
    ffn_dim=1024,
    layers=3,
    heads=3,
    text_dim=256,
    text_tokens=32,
    audio_dim=64,
    audio_layers=25,
    audio_injection_layers=[1],
    expert_dim=32,
)


def bench_network(name: str, changes: list[str]) -> NetworkConfig:
    """The scale model or a preset of conf/network, with changes such as `dim=768`; ValueError names an unknown one."""
    network = SCALE_MODEL if name == "scale_model" else network_preset(name)
    values = dict(change.split("=", maxsplit=1) for change in changes)
    unknown = sorted(values.keys() - NetworkConfig.model_fields.keys())
    if unknown:
        raise ValueError(f"--set {unknown[0]}: no such field; there are {', '.join(NetworkConfig.model_fields)}")
    return NetworkConfig.model_validate({**network.model_dump(), **{key: json.loads(x) for key, x in values.items()}})
