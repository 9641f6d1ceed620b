"""Clips with and without product, motion and pose in one data set: every process trains the same parameters."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.contracts import EncodedBatch, NetworkConfig, RecipeConfig
from model.network.dual_stream_transformer import DualStreamTransformer
from model.training.clip_dataset import ClipDataset, Place, TrainingBatch
from model.training.stage_loss import batch_loss
from tests.model.training.conftest import Stage, stage_config, write_encoded

CLIPS = 8
MIXED = {"product": {1, 2, 6}, "motion": {0, 2, 5}, "pose": {2, 3}}
NOBODY = {part: set(range(CLIPS)) for part in MIXED}
MOVING: dict[str, Any] = {"network__motion": True, "recipe__drop_motion": 0.3, "recipe__drop_pose": 0.3}
ATTENTIONS = ("full", "asymmetric")
lacking = st.fixed_dictionaries(dict.fromkeys(MIXED, st.sets(st.integers(0, CLIPS - 1))))


def parts() -> tuple[NetworkConfig, RecipeConfig]:
    config = stage_config(**MOVING, recipe__hoi_attends_product=True)
    return NetworkConfig.model_validate(config["network"]), RecipeConfig.model_validate(config["recipe"])


@pytest.fixture(scope="module")
def network() -> DualStreamTransformer:
    torch.manual_seed(0)
    made = DualStreamTransformer(*parts())
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return made


def dataset(folder: Path, lacking: Mapping[str, set[int]]) -> tuple[EncodedBatch, ClipDataset]:
    batch = write_encoded(folder, CLIPS, lacking)
    return batch, ClipDataset([batch], parts()[1], motion=True, seed=0)


def gradients(network: DualStreamTransformer, batch: TrainingBatch, attention: Any) -> dict[str, torch.Tensor]:
    network.zero_grad(set_to_none=True)
    batch_loss(network, batch, network.recipe, attention, seed=0).total.backward()
    return {name: parameter.grad for name, parameter in network.named_parameters() if parameter.grad is not None}


@settings(max_examples=10, deadline=None, derandomize=True)
@given(lacking=lacking, attention=st.sampled_from(ATTENTIONS), step=st.integers(0, 20))
def test_which_parameters_take_part_depends_on_no_clip(
    network: DualStreamTransformer,
    tmp_path_factory: pytest.TempPathFactory,
    lacking: dict[str, set[int]],
    attention: Any,
    step: int,
) -> None:
    folder = tmp_path_factory.mktemp("mixed")
    _, clips = dataset(folder / "batch", lacking)
    ranks = [clips.batch(Place(step, 0, range(k, k + 1)), 4) for k in range(4)]
    alone = [gradients(network, rank, attention) for rank in ranks]
    assert {frozenset(found) for found in alone} == {frozenset(alone[0])}
    together = gradients(network, clips.batch(Place(step, 0, range(4)), 4), attention)
    assert together.keys() == alone[0].keys()
    for name, whole in together.items():
        mean = torch.stack([found[name] for found in alone]).mean(dim=0)
        torch.testing.assert_close(whole, mean, atol=1e-5, rtol=1e-4, msg=name)


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_what_a_clip_lacks_is_as_if_it_were_not_there(
    network: DualStreamTransformer, tmp_path: Path, attention: Any
) -> None:
    """The same losses as the clip has in a data set where no clip has it."""
    _, clips = dataset(tmp_path / "mixed", MIXED)
    _, bare = dataset(tmp_path / "bare", NOBODY)
    place = next(p for p in (Place(s, 0, range(1)) for s in range(50)) if clips.batch(p, 1).clip_ids == ["clip_2"])
    with_masks, without = clips.batch(place, 1), bare.batch(place, 1)
    assert with_masks.conditions.product_BC1hw is not None
    assert without.conditions.product_BC1hw is None
    losses = [batch_loss(network, batch, network.recipe, attention, seed=0).total for batch in (with_masks, without)]
    torch.testing.assert_close(losses[0], losses[1], atol=1e-6, rtol=1e-6)


def test_hidden_tokens_reach_nothing_and_shown_ones_do(network: DualStreamTransformer, tmp_path: Path) -> None:
    _, clips = dataset(tmp_path / "mixed", MIXED)
    batch = clips.batch(Place(0, 0, range(8)), 8)
    product = batch.conditions.product_BC1hw
    assert product is not None
    assert batch.conditions.has_product_B is not None

    def rgb(product_BC1hw: torch.Tensor) -> torch.Tensor:
        conditions = replace(batch.conditions, product_BC1hw=product_BC1hw)
        with torch.no_grad():
            return network(batch.rgb_BCThw, torch.full((8,), 500.0), conditions, batch.hoi_BCThw, "full").rgb_BCThw

    moved_B = (rgb(product) != rgb(product + 1)).flatten(1).any(dim=1)
    assert torch.equal(moved_B, batch.conditions.has_product_B)


def test_a_data_set_that_is_not_mixed_has_no_mask(tmp_path: Path) -> None:
    for lacking in ({"product": set()}, NOBODY):
        _, clips = dataset(tmp_path / str(len(lacking)), lacking)
        conditions = clips.batch(Place(0, 0, range(4)), 4).conditions
        assert conditions.has_product_B is None
        assert conditions.has_motion_B is None


@pytest.mark.end_to_end
def test_one_and_two_processes_have_the_same_losses(tmp_path: Path) -> None:
    batch = write_encoded(tmp_path / "datasets/encoded/mixed", CLIPS, MIXED)
    losses: dict[str, torch.Tensor] = {}
    for name, processes, zero_stage in (("alone", 1, 2), ("two", 2, 2), ("two apart", 2, 3)):
        changes = {"deepspeed__processes": processes, "deepspeed__zero_stage": zero_stage}
        micro = {"training__micro_batch_per_process": 4 // processes, "training__stage_one__steps": 8}
        stage = Stage(tmp_path, name, batch, None, stage_config(**MOVING, **changes, **micro))
        code, output = stage.run()
        assert code == 0, output
        losses[name] = torch.tensor(stage.exact_losses())
    for other in ("two", "two apart"):
        torch.testing.assert_close(losses[other], losses["alone"], atol=1e-5, rtol=0)
