"""Starts a network from the public backbone, Wan2.2-S2V-14B: a folder of sharded safetensors.

Names and shapes of all shards are checked before a single weight is read; then every shard is opened, copied into place
and closed again, so memory never holds more than the network and one shard. What the backbone does not have starts as
the method says: experts add nothing at first, the HOI stream copies the RGB stream (CoInteract, arXiv 2604.19636,
sec. 3).
"""

import json
from pathlib import Path

import torch
from safetensors import safe_open

from model.contracts import NetworkConfig, RecipeConfig
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.initialization import initialize
from model.network.transformer_block import TransformerBlock
from model.weights.key_maps import Shapes, check_keys, load_mapped, their_shapes
from model.weights.released_keys import base_entries


def start_from_base(
    folder: Path, network: NetworkConfig, recipe: RecipeConfig, checkpoint_blocks: bool = False
) -> DualStreamTransformer:
    """A network of both streams with the backbone's weights on the CPU; ValueError lists keys that do not fit."""
    with torch.device("meta"):
        model = DualStreamTransformer(network, recipe, checkpoint_blocks=checkpoint_blocks)
    model = model.to_empty(device="cpu")
    _load_shards(model, folder)
    for block in model.blocks:
        assert isinstance(block, TransformerBlock)
        if block.experts is not None:
            initialize(block.experts)
    model.start_hoi_as_copy()
    return model


def _load_shards(model: DualStreamTransformer, folder: Path) -> None:
    entries = {entry.theirs[0]: entry for entry in base_entries(model)}
    shards = {path: _shapes(path) for path in _shard_paths(folder)}
    present: Shapes = {}
    for path, shapes in shards.items():
        twice = sorted(present.keys() & shapes.keys())
        if twice:
            raise ValueError(f"{path} repeats keys of another shard: {', '.join(twice[:12])}: remove the surplus file")
        present |= shapes
    check_keys(their_shapes(entries.values(), model), present, str(folder))
    for path, shapes in shards.items():
        with safe_open(path, framework="pt") as shard:
            load_mapped(model, [entries[key] for key in shapes], shard.get_tensor, str(path))


def _shapes(path: Path) -> Shapes:
    with safe_open(path, framework="pt") as shard:
        return {key: tuple(shard.get_slice(key).get_shape()) for key in shard.keys()}  # noqa: SIM118 - no mapping


def _shard_paths(folder: Path) -> list[Path]:
    """The files an index names, else every safetensors file of the folder."""
    indexes = sorted(folder.glob("*.safetensors.index.json"))
    if len(indexes) > 1:
        raise ValueError(f"{folder} holds {len(indexes)} indexes: keep the one of the backbone")
    if indexes:
        names = set(json.loads(indexes[0].read_text(encoding="utf-8"))["weight_map"].values())
        paths = [folder / name for name in sorted(names)]
    else:
        paths = sorted(folder.glob("*.safetensors"))
    missing = [path.name for path in paths if not path.is_file()]
    if missing or not paths:
        raise ValueError(f"{folder}: {'no safetensors files' if not paths else f'shards missing: {missing}'}")
    return paths
