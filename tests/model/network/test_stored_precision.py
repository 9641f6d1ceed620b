"""Rounded weights give what autocast gives with whole ones, bit for bit."""

import pytest
import torch

from evaluation.ablation.random_batch import ClipShape, random_batch
from model.contracts import NetworkConfig
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.stored_precision import computing_in, store_matrices
from model.presets import recipe_preset


@pytest.mark.parametrize("recipe", ["paper", "released"])
def test_the_bits_are_autocasts(recipe: str, small: NetworkConfig) -> None:
    torch.manual_seed(0)
    network = DualStreamTransformer(small, recipe_preset(recipe), "rgb").eval().requires_grad_(False)
    for parameter in network.parameters():
        parameter.add_(torch.randn_like(parameter), alpha=0.1)
    batch = random_batch(small, ClipShape(32, 32, 2), torch.device("cpu"))
    with torch.autocast("cpu", torch.bfloat16):
        wanted = network(batch.rgb_BCThw, batch.timestep_B, batch.conditions).rgb_BCThw
        store_matrices(network, "bf16")
        found = network(batch.rgb_BCThw, batch.timestep_B, batch.conditions).rgb_BCThw
    assert found.std() > 0
    assert torch.equal(found, wanted)


def test_what_decides_in_fp32_stays(small: NetworkConfig) -> None:
    network = DualStreamTransformer(small, recipe_preset("paper"), "rgb").requires_grad_(False)
    store_matrices(network, "bf16")
    kept = {name for name, x in network.state_dict().items() if x.dtype == torch.float32}
    rounded = {name for name, x in network.state_dict().items() if x.dtype == torch.bfloat16}
    assert {name for name in kept if name.startswith("time.")} == {
        n for n in network.state_dict() if n.startswith("time.")
    }
    assert all("norm" in name or "modulation" in name for name in kept if name.startswith("blocks.0"))
    assert {
        "blocks.0.self_attention.q.weight",
        "blocks.0.experts.hidden_weight_EXD",
        "rgb_head.output.weight",
    } <= rounded
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_a_precision_that_cannot_be_is_named(small: NetworkConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    network = DualStreamTransformer(small, recipe_preset("paper"), "rgb").requires_grad_(False)
    with computing_in("fp32", network):
        assert not torch.is_autocast_enabled("cpu")
    with computing_in("bf16", network):
        assert torch.get_autocast_dtype("cpu") == torch.bfloat16
        assert torch.is_autocast_enabled("cpu")
    store_matrices(network, "bf16")
    with pytest.raises(
        ValueError, match=r"sampling\.precision=fp32, but .* stored in bf16: leave it at bf16, or export"
    ):
        computing_in("fp32", network)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    with pytest.warns(UserWarning, match="bf16 is emulated on this CPU"):
        computing_in("bf16", network)
