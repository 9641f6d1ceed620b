"""Where a stage's weights come from: drawn, given, the public backbone with its adapter, a checkpoint."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import save_file
from torch import Tensor

from model.contracts import RecipeConfig
from model.network.dual_stream_transformer import DualStreamTransformer
from model.training.checkpoint import newest_intact, save_checkpoint
from model.training.first_weights import network_to_train
from model.training.stage_request import StageRequest, read_request
from model.weights.adapter_keys import LowRank, adapted_layers, is_trained_in_full, to_adapter
from model.weights.key_maps import to_theirs
from model.weights.released_keys import base_entries

RELEASED = yaml.safe_load((Path(__file__).parents[3] / "conf/recipe/released.yaml").read_text())
PUBLIC = {"network__learned_positions": None, "network__add_reference_to_target": False, "recipe": RELEASED}

MakeRequest = Callable[..., StageRequest]


@pytest.fixture
def make_request(make_stage: Any, request: pytest.FixtureRequest) -> MakeRequest:
    """The request of a stage one of public shape with these values of `training`."""

    def make(**training: Any) -> StageRequest:
        changes = {f"training__{name}": value for name, value in training.items()}
        return read_request(make_stage(request.node.name, deepspeed__processes=1, **PUBLIC, **changes).folder)

    return make


def drawn(request: StageRequest, seed: int, **recipe: Any) -> DualStreamTransformer:
    torch.manual_seed(seed)
    network = DualStreamTransformer(request.network, request.recipe.model_copy(update=recipe))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return network


@pytest.fixture
def backbone(tmp_path: Path, make_request: MakeRequest) -> DualStreamTransformer:
    """A plain backbone, also on disk in two shards of the public layout."""
    network = drawn(make_request(), seed=1, experts=())
    weights = to_theirs(network.state_dict(), base_entries(network))
    (tmp_path / "base").mkdir()
    for shard in range(2):
        part = {key: weights[key] for key in sorted(weights)[shard::2]}
        save_file(part, tmp_path / "base" / f"diffusion_pytorch_model-{shard + 1:05d}-of-00002.safetensors")
    return network


@pytest.fixture
def adapter(tmp_path: Path, make_request: MakeRequest) -> tuple[DualStreamTransformer, dict[str, LowRank]]:
    """What a public adapter was made of, also on disk in the public layout."""
    source = drawn(make_request(), seed=2)
    layers = {name: source.get_parameter(f"{name}.weight") for name in adapted_layers(source)}
    factors = {name: LowRank(torch.randn(3, x.shape[1]), torch.randn(x.shape[0], 3)) for name, x in layers.items()}
    save_file(to_adapter(source, factors), tmp_path / "adapter.safetensors")
    return source, factors


def test_backbone_and_public_adapter_go_on_with_new_factors(
    tmp_path: Path,
    make_request: MakeRequest,
    backbone: DualStreamTransformer,
    adapter: tuple[DualStreamTransformer, dict[str, LowRank]],
) -> None:
    given = {"initial_weights": str(tmp_path / "base"), "initial_adapter": str(tmp_path / "adapter.safetensors")}
    network = network_to_train(make_request(**given, low_rank={"rank": 2}, activation_checkpointing=True), None)
    assert network.checkpoint_blocks
    base, (source, factors) = backbone.state_dict(), adapter
    for name, value in source.state_dict().items():
        layer = name.removesuffix(".weight")
        if is_trained_in_full(name):
            assert torch.equal(network.state_dict()[name], value), name
        elif name.endswith(".weight") and layer in factors:
            wanted = base[name] + factors[layer].up_DR @ factors[layer].down_RD
            torch.testing.assert_close(network.state_dict()[f"{layer}.base_layer.weight"], wanted)
            assert network.state_dict()[f"{layer}.lora_B.default.weight"].abs().max() == 0
    assert not network.get_parameter("text.0.weight").requires_grad


def test_a_stages_own_file_is_read_back_to_the_bit(tmp_path: Path, make_request: MakeRequest) -> None:
    wanted = drawn(make_request(), seed=3).state_dict()
    save_file(wanted, tmp_path / "model.safetensors")
    network = network_to_train(make_request(initial_weights=str(tmp_path / "model.safetensors")), None)
    assert all(torch.equal(value, wanted[name]) for name, value in network.state_dict().items())
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_a_checkpoint_brings_what_is_trained_and_the_first_file_the_rest(
    tmp_path: Path, make_request: MakeRequest
) -> None:
    save_file(drawn(make_request(), seed=3).state_dict(), tmp_path / "model.safetensors")
    asked = make_request(initial_weights=str(tmp_path / "model.safetensors"), low_rank={"rank": 2})
    trained = network_to_train(asked, None)
    with torch.no_grad():
        for parameter in trained.parameters():
            parameter.add_(0.5 * parameter.requires_grad)

    def state() -> Iterator[tuple[str, Tensor]]:
        for name, parameter in trained.named_parameters():
            if parameter.requires_grad:
                yield f"weights/{name}", parameter

    save_checkpoint(tmp_path / "checkpoints", 1, state(), {}, keep=1)
    resumed = network_to_train(asked, newest_intact(tmp_path / "checkpoints")).state_dict()
    assert all(torch.equal(resumed[name], value) for name, value in trained.state_dict().items())


def test_given_weights_of_another_recipe_are_refused(tmp_path: Path, make_request: MakeRequest) -> None:
    paper = RecipeConfig.model_validate(RELEASED | {"experts": ["head", "hand", "base"]})
    network = DualStreamTransformer(make_request().network, paper)
    save_file(network.state_dict(), tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match="it is of another network or recipe"):
        network_to_train(make_request(initial_weights=str(tmp_path / "model.safetensors")), None)


def test_factors_are_drawn_alike_on_every_process(make_request: MakeRequest) -> None:
    asked = make_request(low_rank={"rank": 2})

    def of_a_process() -> dict[str, Tensor]:
        torch.manual_seed(asked.stage.seed)
        return network_to_train(asked, None).state_dict()

    first, second = of_a_process(), of_a_process()
    assert all(torch.equal(first[name], second[name]) for name in first)
