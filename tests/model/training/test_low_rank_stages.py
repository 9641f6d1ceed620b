"""LoRA in the real command: what moves, what a checkpoint holds, how it resumes, what the next stage is handed."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from model.contracts import LowRankConfig, NetworkConfig, RecipeConfig
from model.network.dual_stream_transformer import DualStreamTransformer
from model.training.checkpoint import newest_intact
from model.training.low_rank import add_low_rank
from model.weights.adapter_keys import adapted_layers, is_trained_in_full

pytestmark = pytest.mark.end_to_end
FIRST = "first.safetensors"
RANK = {"training__low_rank": {"rank": 4}, "training__initial_weights": FIRST}


@pytest.fixture(scope="module")
def trained(make_stage: Any) -> Any:
    """Stage one with factors on two processes under ZeRO-2, start to end."""
    stage = make_stage("factors", **RANK)
    save_file(network_of(stage).state_dict(), stage.root / FIRST)
    code, output = stage.run()
    assert code == 0, output
    return stage, output


def network_of(stage: Any) -> DualStreamTransformer:
    """The network that the stage starts from: as if trained before, so that no head is at its zero start."""
    torch.manual_seed(0)
    shape, recipe = stage.config["network"], stage.config["recipe"]
    network = DualStreamTransformer(NetworkConfig.model_validate(shape), RecipeConfig.model_validate(recipe))
    for head in (network.rgb_head, network.hoi_head):
        assert head is not None
        torch.nn.init.normal_(head.output.weight, std=0.05)
    return network


def weights_of(stage: Any) -> dict[str, Tensor]:
    return load_file(stage.root / stage.result()["weights"])


def test_only_what_should_moves_and_the_weights_that_leave_are_plain(trained: Any) -> None:
    stage, output = trained
    losses = stage.losses(output)
    assert sum(losses[-3:]) < 0.9 * sum(losses[:3])
    assert stage.metric("loss_rgb")[-1] < stage.metric("loss_rgb")[0]
    network = network_of(stage)
    first, left = network.state_dict(), weights_of(stage)
    assert left.keys() == first.keys()
    assert {tensor.dtype for tensor in left.values()} == {torch.float32}
    moved = {name for name in left if not torch.equal(left[name], first[name])}
    adapted = {f"{layer}.weight" for layer in adapted_layers(network)}
    assert adapted < moved
    assert all(is_trained_in_full(name) for name in moved - adapted)
    for name in adapted:
        assert torch.linalg.matrix_rank((left[name] - first[name]).double(), rtol=1e-4) <= 4, name


def test_optimizer_and_checkpoints_hold_what_is_trained_alone(trained: Any, make_stage: Any) -> None:
    stage = trained[0]
    network = network_of(stage)
    everything = sum(parameter.numel() for parameter in network.parameters())
    add_low_rank(network, LowRankConfig(rank=4))
    sizes = {name: part.numel() for name, part in network.named_parameters() if part.requires_grad}
    found = newest_intact(stage.folder.path / "checkpoints")
    assert found is not None
    for kind in ("weights", "exp_avg", "exp_avg_sq"):
        assert {name: tensor.numel() for name, tensor in found.tensors(kind)} == sizes
    full = make_stage("full", training__stage_one__steps=4)
    code, output = full.run()
    assert code == 0, output
    mebibytes = [run.metric("optimizer_mebibytes_per_process")[-1] for run in (stage, full)]
    moments_of_two_processes = [size * 2**20 * 2 / (2 * 4) for size in mebibytes]
    assert moments_of_two_processes[0] == pytest.approx(sum(sizes.values()), abs=8)  # padded to split evenly
    assert moments_of_two_processes[1] == pytest.approx(everything, abs=8)


def test_killed_it_resumes_bit_for_bit(trained: Any, make_stage: Any) -> None:
    stage = make_stage("factors_killed", **RANK)
    child = stage.start()
    stage.wait_for(child, "progress 6/12")
    stage.kill(child)
    code, output = stage.run()
    assert code == 0, output
    assert "progress 4/12" not in output
    assert stage.result()["weights_sha256"] == trained[0].result()["weights_sha256"]
    assert stage.exact_losses() == trained[0].exact_losses()


def test_stage_two_starts_from_the_merged_weights_with_new_factors(trained: Any, make_stage: Any) -> None:
    parent = trained[0].result()
    stage = make_stage("factors_two", parent=parent, **RANK)
    code, output = stage.run()
    assert code == 0, output
    assert stage.result()["parent_weights_sha256"] == parent["weights_sha256"]
    before, after = weights_of(trained[0]), weights_of(stage)
    frozen = "text.0.weight"
    assert torch.equal(before[frozen], after[frozen])
    name = "blocks.0.self_attention.q.weight"
    assert 0 < torch.linalg.matrix_rank((after[name] - before[name]).double(), rtol=1e-4) <= 4
    assert stage.losses(output)[-1] < trained[0].exact_losses()[0]


def test_partitioned_parameters_learn_the_same(trained: Any, make_stage: Any) -> None:
    stage = make_stage("factors_zero3", **RANK, deepspeed__zero_stage=3)
    code, output = stage.run()
    assert code == 0, output
    torch.testing.assert_close(
        torch.tensor(stage.exact_losses()), torch.tensor(trained[0].exact_losses()), atol=1e-5, rtol=0
    )
    ours, theirs = weights_of(stage), weights_of(trained[0])
    assert max(float((ours[name] - theirs[name]).abs().max()) for name in theirs) < 1e-3


def test_recomputed_blocks_give_the_same_losses(trained: Any, make_stage: Any) -> None:
    stage = make_stage("factors_recomputed", **RANK, training__activation_checkpointing=True)
    code, output = stage.run()
    assert code == 0, output
    assert stage.exact_losses() == trained[0].exact_losses()
    assert stage.result()["weights_sha256"] == trained[0].result()["weights_sha256"]


def test_another_rank_does_not_continue_a_run(trained: Any, make_stage: Any) -> None:
    stage = make_stage("factors_other", **RANK)
    checkpoints: Path = trained[0].folder.path / "checkpoints"
    (stage.folder.path / "checkpoints").symlink_to(checkpoints)
    stage.folder.write_request(
        stage.config | {"training": stage.config["training"] | {"low_rank": {"rank": 2}}}, stage.inputs
    )
    code, output = stage.run()
    assert code != 0
    assert "made with another training.low_rank" in output
