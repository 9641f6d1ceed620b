"""LoRA leaves the start as it was, trains only what it should, and merges to the same outputs."""

from pathlib import Path

import pytest
import torch
import yaml
from torch import Tensor

from model.contracts import NetworkConfig, RecipeConfig
from model.network.adapter_keys import adapted_layers, merge_adapter, to_adapter
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.streams import Conditions
from model.training.low_rank import add_low_rank, factors_of, merged, trained_share

ROOT = Path(__file__).parents[3]
NETWORK = NetworkConfig(
    dim=48,
    ffn_dim=64,
    layers=2,
    heads=2,
    latent_channels=4,
    frequency_dim=16,
    text_dim=8,
    text_tokens=5,
    audio_dim=6,
    audio_layers=3,
    audio_injection_layers=[1],
    expert_dim=8,
    motion=False,
)


def _network(seed: int) -> DualStreamTransformer:
    recipe = RecipeConfig.model_validate(yaml.safe_load((ROOT / "conf/recipe/released.yaml").read_text()))
    torch.manual_seed(seed)
    return DualStreamTransformer(NETWORK, recipe)


def _outputs(network: DualStreamTransformer) -> Tensor:
    generator = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    text, person, audio = normal(1, 5, 8), normal(1, 4, 1, 4, 4), normal(1, 3, 6, 8)
    rgb = normal(1, 4, 2, 4, 4)
    denoised = network(rgb, torch.tensor([500.0]), Conditions(text, person, audio, text), rgb, "full")
    return torch.cat((denoised.rgb_BCThw, denoised.hoi_BCThw))


def _trained(network: DualStreamTransformer, steps: int = 3) -> set[str]:
    """Trains towards a constant; names of the parameters that moved."""
    before = {name: parameter.detach().clone() for name, parameter in network.named_parameters()}
    optimizer = torch.optim.AdamW([p for p in network.parameters() if p.requires_grad], lr=0.02, weight_decay=0.0)
    for _ in range(steps):
        (_outputs(network) - 1).square().mean().backward()
        optimizer.step()
        optimizer.zero_grad()
    return {name for name, parameter in network.named_parameters() if not torch.equal(parameter, before[name])}


def test_start_is_unchanged_and_little_is_trained() -> None:
    network = _network(0)
    torch.nn.init.normal_(network.rgb_head.output.weight)
    wanted = _outputs(network)
    add_low_rank(network, rank=2)
    torch.testing.assert_close(_outputs(network), wanted)
    assert trained_share(network) < 0.25


def test_only_factors_and_new_modules_move_and_the_merge_agrees() -> None:
    network = _network(0)
    torch.nn.init.normal_(network.rgb_head.output.weight)
    add_low_rank(network, rank=2)
    moved = _trained(network)
    assert any(name.endswith("lora_B.default.weight") for name in moved)
    assert any(".experts." in name for name in moved)
    assert any(name.startswith("hoi_head") for name in moved)
    assert all("lora_" in name or ".experts." in name or "hoi_" in name for name in moved)
    plain = _network(1)
    plain.load_state_dict(merged(network.state_dict()))
    torch.testing.assert_close(_outputs(plain), _outputs(network), rtol=1e-4, atol=1e-5)


def test_trained_factors_leave_and_return_in_the_public_layout() -> None:
    base, network = _network(0), _network(0)
    add_low_rank(network, rank=2)
    _trained(network)
    plain = _network(1)
    plain.load_state_dict(merged(network.state_dict()))
    adapter = to_adapter(plain, factors_of(network.state_dict()))
    assert len(factors_of(network.state_dict())) == len(adapted_layers(base))
    merge_adapter(base, adapter, "the adapter")
    torch.testing.assert_close(_outputs(base), _outputs(network), rtol=1e-4, atol=1e-5)


def test_rank_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="rank 0"):
        add_low_rank(_network(0), rank=0)
