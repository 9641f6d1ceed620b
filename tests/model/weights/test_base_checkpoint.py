"""The backbone comes in shard by shard; the new parts start as the method says."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from model.contracts import NetworkConfig
from model.network.dual_stream_transformer import DualStreamTransformer
from model.weights.base_checkpoint import start_from_base
from model.weights.key_maps import to_theirs
from model.weights.released_keys import base_entries

ROOT = Path(__file__).parents[3]


def _write_shards(folder: Path, model: DualStreamTransformer, shards: int) -> dict[str, Tensor]:
    weights = to_theirs(model.state_dict(), base_entries(model))
    folder.mkdir()
    weight_map = {}
    for index in range(shards):
        name = f"diffusion_pytorch_model-{index + 1:05d}-of-{shards:05d}.safetensors"
        part = {key: weights[key] for key in sorted(weights)[index::shards]}
        save_file(part, folder / name)
        weight_map |= dict.fromkeys(part, name)
    index_file = folder / "diffusion_pytorch_model.safetensors.index.json"
    index_file.write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    return weights


def test_backbone_is_loaded_and_new_parts_start_as_they_should(
    tmp_path: Path, small: NetworkConfig, randomized: Any, read_recipe: Any
) -> None:
    plain = read_recipe("released").model_copy(update={"experts": ()})
    backbone = randomized(small, plain)
    _write_shards(tmp_path / "base", backbone, shards=7)
    model = start_from_base(tmp_path / "base", small, read_recipe("released"))
    wanted = backbone.state_dict()
    for key, value in model.state_dict().items():
        assert value.isfinite().all(), key
        if ".experts." not in key and "hoi_" not in key:
            assert torch.equal(value, wanted[key]), key
    assert torch.equal(model.hoi_patch.project.weight, wanted["rgb_patch.project.weight"])
    assert torch.equal(model.blocks[1].hoi_modulation_16D, wanted["blocks.1.modulation_16D"])
    assert model.blocks[1].experts.output_weight_EDX.abs().max() == 0
    router_norm = model.blocks[1].experts.router[2]
    assert torch.equal(router_norm.weight, torch.ones(24))
    assert torch.equal(router_norm.bias, torch.zeros(24))


def test_start_gives_the_backbones_rgb(
    tmp_path: Path, small: NetworkConfig, randomized: Any, read_recipe: Any, make_inputs: Any
) -> None:
    plain = read_recipe("released").model_copy(update={"experts": ()})
    backbone, inputs = randomized(small, plain), make_inputs(small, (2, 8, 8))
    _write_shards(tmp_path / "base", backbone, shards=2)
    model = start_from_base(tmp_path / "base", small, read_recipe("released"))
    with torch.inference_mode():
        wanted = backbone(inputs.rgb, inputs.timestep, inputs.conditions).rgb_BCThw
        assert torch.equal(model(inputs.rgb, inputs.timestep, inputs.conditions).rgb_BCThw, wanted)


def test_damaged_folders_are_refused(tmp_path: Path, small: NetworkConfig, randomized: Any, read_recipe: Any) -> None:
    recipe, folder = read_recipe("released"), tmp_path / "base"
    _write_shards(folder, randomized(small, recipe.model_copy(update={"experts": ()})), shards=2)
    first, second = sorted(folder.glob("*.safetensors"))
    weights = load_file(first)
    save_file({key: x for key, x in weights.items() if key != "head.head.bias"} | {"extra": torch.zeros(1)}, first)
    with pytest.raises(ValueError, match=r"1 missing keys: head\.head\.bias; 1 unknown keys: extra"):
        start_from_base(folder, small, recipe)
    save_file(weights | {"head.head.bias": weights["head.head.bias"] * float("nan")}, first)
    with pytest.raises(ValueError, match=r"NaN or infinite weights.*head\.head\.bias"):
        start_from_base(folder, small, recipe)
    second.unlink()
    with pytest.raises(ValueError, match="shards missing"):
        start_from_base(folder, small, recipe)
    with pytest.raises(ValueError, match="no safetensors files"):
        start_from_base(tmp_path, small, recipe)


MEASURE = """
import sys, json
from pathlib import Path
import torch
from model.contracts import NetworkConfig, RecipeConfig
from model.weights.base_checkpoint import start_from_base
from model.network.dual_stream_transformer import DualStreamTransformer

def kibibytes(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1])

network, recipe = (json.loads(text) for text in sys.argv[2:])
network, recipe = NetworkConfig(**network), RecipeConfig(**recipe)
with torch.device("meta"):
    DualStreamTransformer(network, recipe)  # imports what meta tensors need before the base line is taken
before = kibibytes("VmRSS")
model = start_from_base(Path(sys.argv[1]), network, recipe)
size = sum(p.numel() * 4 for p in model.parameters()) / 1024
print(json.dumps({"grown": kibibytes("VmHWM") - before, "size": size}))
"""


@pytest.mark.end_to_end
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak from /proc")
def test_peak_is_the_network_and_one_shard(tmp_path: Path, small: NetworkConfig, read_recipe: Any) -> None:
    network = small.model_copy(update={"dim": 480, "heads": 5, "ffn_dim": 1536, "layers": 8})
    recipe = read_recipe("released").model_copy(update={"experts": ()})
    _write_shards(tmp_path / "base", DualStreamTransformer(network, recipe, "rgb"), shards=20)
    command = [
        sys.executable,
        "-c",
        MEASURE,
        str(tmp_path / "base"),
        network.model_dump_json(),
        recipe.model_dump_json(),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    measured = json.loads(done.stdout)
    assert measured["size"] > 100_000  # KiB: large next to the allocator's noise
    assert measured["grown"] < 1.25 * measured["size"]
