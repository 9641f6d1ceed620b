"""The public adapter's layout: read, merged, written, refused."""

from typing import Any

import pytest
import torch
from torch import Tensor

from model.contracts import NetworkConfig
from model.network.dual_stream_transformer import DualStreamTransformer
from model.weights.adapter_keys import LowRank, adapted_layers, merge_adapter, read_adapter, to_adapter

RANK = 3


def _factors(model: DualStreamTransformer) -> dict[str, LowRank]:
    generator = torch.Generator().manual_seed(5)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    layers = {name: model.get_submodule(name) for name in adapted_layers(model)}
    return {name: LowRank(normal(RANK, x.in_features), normal(x.out_features, RANK)) for name, x in layers.items()}


def test_covers_attention_and_ffn_of_the_backbone(small: NetworkConfig, read_recipe: Any) -> None:
    names = adapted_layers(DualStreamTransformer(small, read_recipe("released")))
    blocks = [name for name in names if name.startswith("blocks.")]
    assert len(blocks) == small.layers * (4 + 4 + 2)
    assert set(names) - set(blocks) == {f"audio_injectors.1.attention.{part}" for part in "qkvo"}


def test_written_file_merges_into_another_network(small: NetworkConfig, randomized: Any, read_recipe: Any) -> None:
    recipe = read_recipe("released")
    source, target = randomized(small, recipe, seed=0), randomized(small, recipe, seed=1)
    before, factors = {key: x.clone() for key, x in target.state_dict().items()}, _factors(source)
    adapter = to_adapter(source, factors)
    assert adapter["diffusion_model.blocks.0.self_attn.q.lora_A.weight"].shape == (RANK, 48)
    assert adapter["diffusion_model.blocks.0.ffn.ffn_base.0.lora_B.weight"].shape == (64, RANK)
    assert "blocks.0.ffn.hand_expert.fc1.weight" in adapter
    merge_adapter(target, adapter, "the file")
    name = "blocks.1.cross_attention.v"
    wanted = before[f"{name}.weight"] + factors[name].up_DR @ factors[name].down_RD
    torch.testing.assert_close(target.state_dict()[f"{name}.weight"], wanted)
    for key, value in target.state_dict().items():
        if ".experts." in key or "hoi_" in key:
            assert torch.equal(value, source.state_dict()[key]), key
        elif key.removesuffix(".weight") not in factors:
            assert torch.equal(value, before[key]), key


def test_other_spellings_are_the_same_file(small: NetworkConfig, randomized: Any, read_recipe: Any) -> None:
    model = randomized(small, read_recipe("released"))
    adapter = to_adapter(model, _factors(model))
    peft = {
        key.replace(".lora_A.", ".lora_A.default.").replace(".lora_B.", ".lora_B.default."): x
        for key, x in adapter.items()
    }
    plain_ffn = {key.replace(".ffn_base.", "."): x for key, x in adapter.items()}
    prefixed = {key if key.startswith("diffusion") else f"diffusion_model.{key}": x for key, x in adapter.items()}
    wanted, _ = read_adapter(model, adapter, "the file")
    for other in (peft, plain_ffn, prefixed):
        low_rank, plain = read_adapter(model, other, "the file")
        assert len(plain) == len(adapter) - 2 * len(wanted)
        assert all(torch.equal(low_rank[name].up_DR, wanted[name].up_DR) for name in wanted)


def test_inference_file_without_hoi_and_audio_factors(small: NetworkConfig, randomized: Any, read_recipe: Any) -> None:
    model = randomized(small, read_recipe("released"))
    adapter = to_adapter(model, _factors(model))
    kept = {key: x for key, x in adapter.items() if "depth" not in key and "audio_injector" not in key}
    low_rank, plain = read_adapter(model, kept, "the file")
    assert len(low_rank) == small.layers * 10
    assert all("expert" in key or "router" in key for key in plain)


def test_keys_that_do_not_fit_are_listed(small: NetworkConfig, randomized: Any, read_recipe: Any) -> None:
    model = randomized(small, read_recipe("released"))
    adapter = to_adapter(model, _factors(model))

    def refused(message: str, change: dict[str, Tensor | None]) -> None:
        changed = {key: x for key, x in {**adapter, **change}.items() if x is not None}
        with pytest.raises(ValueError, match=message):
            merge_adapter(model, changed, "the file")

    layer = "diffusion_model.blocks.0.self_attn.q.lora_"
    refused(r"1 missing keys: blocks\.0\.self_attn\.q\.lora_B", {f"{layer}B.weight": None})
    refused("1 unknown keys: diffusion", {"diffusion": torch.zeros(1)})
    refused(r"1 wrong shapes: blocks\.0\.self_attn\.q\.lora_A", {f"{layer}A.weight": torch.zeros(RANK, 5)})
    refused(r"1 missing keys: blocks\.1\.ffn\.router\.3\.bias", {"blocks.1.ffn.router.3.bias": None})
    refused("1 missing keys: depth_cond_mask", {"depth_cond_mask.weight": None})
    refused("NaN or infinite factors", {f"{layer}A.weight": adapter[f"{layer}A.weight"] * float("nan")})
    with pytest.raises(ValueError, match="not an adapter"):
        merge_adapter(model, {key: x for key, x in adapter.items() if "lora" not in key}, "the file")
