"""LoRA leaves the start as it was, trains only what it should, and merges to the same outputs."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml
from pydantic import ValidationError
from torch import Tensor

from model.contracts import LowRankConfig, NetworkConfig, RecipeConfig
from model.network.dual_stream_transformer import DualStreamTransformer
from model.network.streams import Conditions
from model.training.low_rank import add_low_rank, factors_of, merged
from model.weights.adapter_keys import adapted_layers, merge_adapter, to_adapter

ROOT = Path(__file__).parents[3]
RANK_2 = LowRankConfig(rank=2)

Make = Callable[[int], DualStreamTransformer]


@pytest.fixture
def make(small: NetworkConfig) -> Make:
    """A released network with a head that lets everything through, from a seed."""
    recipe = RecipeConfig.model_validate(yaml.safe_load((ROOT / "conf/recipe/released.yaml").read_text()))

    def made(seed: int) -> DualStreamTransformer:
        torch.manual_seed(seed)
        network = DualStreamTransformer(small.model_copy(update={"motion": False}), recipe)
        torch.nn.init.normal_(network.rgb_head.output.weight)
        return network

    return made


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


def test_start_is_unchanged_and_little_is_trained(make: Make) -> None:
    network = make(0)
    wanted = _outputs(network)
    add_low_rank(network, RANK_2)
    torch.testing.assert_close(_outputs(network), wanted)
    trained = sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
    assert trained < 0.25 * sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("alpha", [None, 5.0])
def test_only_factors_and_new_modules_move_and_the_merge_agrees(make: Make, alpha: float | None) -> None:
    network, config = make(0), LowRankConfig(rank=2, alpha=alpha)
    add_low_rank(network, config)
    moved = _trained(network)
    layers = adapted_layers(make(0))
    assert {name for name in moved if "lora_" in name} == {
        f"{layer}.lora_{factor}.default.weight" for layer in layers for factor in "AB"
    }
    assert any(".experts.router." in name for name in moved)
    assert any(name.startswith("hoi_head") for name in moved)
    assert all("lora_" in name or ".experts." in name or "hoi_" in name for name in moved)
    plain = make(1)
    plain.load_state_dict(merged(network.state_dict(), config))
    with torch.no_grad():
        wanted = _outputs(network)
        assert (_outputs(plain) - wanted).norm() < 1e-6 * wanted.norm()


@pytest.mark.parametrize("alpha", [None, 5.0])
def test_trained_factors_leave_and_return_in_the_public_layout(make: Make, alpha: float | None) -> None:
    base, network, config = make(0), make(0), LowRankConfig(rank=2, alpha=alpha)
    add_low_rank(network, config)
    _trained(network)
    plain = make(1)
    plain.load_state_dict(merged(network.state_dict(), config))
    factors = factors_of(network.state_dict(), config)
    assert len(factors) == len(adapted_layers(base))
    merge_adapter(base, to_adapter(plain, factors), "the adapter")
    torch.testing.assert_close(_outputs(base), _outputs(network), rtol=1e-4, atol=1e-5)


def test_merging_never_holds_all_weights_twice(make: Make) -> None:
    network = make(0)
    add_low_rank(network, RANK_2)
    state = dict(network.state_dict())
    assert len(merged(state, RANK_2)) == len(make(0).state_dict())
    assert not state


def test_products_run_in_autocasts_precision(make: Make) -> None:
    """peft would cast what enters a factor to fp32 and autocast back again, on every layer."""
    network, seen = make(0), list[torch.dtype]()
    add_low_rank(network, RANK_2)
    network.blocks[0].get_submodule("self_attention.q.lora_A.default").register_forward_pre_hook(
        lambda _layer, given: seen.append(given[0].dtype)
    )
    with torch.autocast("cpu", torch.bfloat16):
        _outputs(network)
    assert seen == [torch.bfloat16]


def test_rank_below_one_is_refused() -> None:
    with pytest.raises(ValidationError, match="rank"):
        LowRankConfig(rank=0)
