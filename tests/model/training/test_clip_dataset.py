"""Order, sharing among processes and condition dropout, all functions of (seed, step, place)."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from model.contracts import EncodedBatch, RecipeConfig
from model.encoding.encoded_clips import EncodedClips
from model.training.clip_dataset import ClipDataset, Place
from model.training.stage_loss import noised_streams

GLOBAL_BATCH = 4


@pytest.fixture
def recipe(config: dict[str, Any]) -> RecipeConfig:
    return RecipeConfig.model_validate(config["recipe"])


def ids(dataset: ClipDataset, steps: int) -> list[str]:
    return [clip for step in range(steps) for clip in dataset.batch(Place(step, 0, range(4)), GLOBAL_BATCH).clip_ids]


def test_an_epoch_shows_every_clip_once_in_an_order_of_its_own(encoded: EncodedBatch, recipe: RecipeConfig) -> None:
    dataset = ClipDataset([encoded], recipe, motion=False, seed=0)
    first, second = ids(dataset, 4)[:8], ids(dataset, 4)[8:]
    assert sorted(first) == sorted(second) == sorted(f"clip_{n}" for n in range(8))
    assert first != second
    assert ids(ClipDataset([encoded], recipe, motion=False, seed=1), 2) != first


def test_two_processes_share_what_one_would_see(encoded: EncodedBatch, recipe: RecipeConfig) -> None:
    dataset = ClipDataset([encoded], recipe, motion=False, seed=0)
    whole = dataset.batch(Place(3, 0, range(4)), GLOBAL_BATCH)
    halves = [dataset.batch(Place(3, 0, part), GLOBAL_BATCH) for part in (range(2), range(2, 4))]
    assert whole.clip_ids == halves[0].clip_ids + halves[1].clip_ids
    for name in ("text_BLD", "audio_BKAS"):
        parts = torch.cat([getattr(half.conditions, name) for half in halves])
        assert torch.equal(getattr(whole.conditions, name), parts)
    for stream in (0, 1):
        noisy = noised_streams(whole, recipe, 0)[stream].noisy_BCThw
        assert torch.equal(noisy, torch.cat([noised_streams(half, recipe, 0)[stream].noisy_BCThw for half in halves]))


def test_both_streams_have_one_timestep_and_noise_of_their_own(encoded: EncodedBatch, recipe: RecipeConfig) -> None:
    batch = ClipDataset([encoded], recipe, motion=False, seed=0).batch(Place(0, 0, range(4)), GLOBAL_BATCH)
    rgb, hoi = noised_streams(batch, recipe, 0)
    assert torch.equal(rgb.sigma_B, hoi.sigma_B)
    assert not torch.allclose(rgb.noise_BCThw, hoi.noise_BCThw)


def test_prompt_and_audio_are_dropped_as_often_as_the_recipe_says(encoded: EncodedBatch, recipe: RecipeConfig) -> None:
    recipe = recipe.model_copy(update={"drop_prompt": 0.3, "drop_audio": 0.6})
    dataset = ClipDataset([encoded], recipe, motion=False, seed=0)
    batches = [dataset.batch(Place(step, 0, range(4)), GLOBAL_BATCH).conditions for step in range(250)]
    prompts = torch.cat([(batch.text_BLD == 0).all(dim=(1, 2)) for batch in batches])
    sounds = torch.cat([(batch.audio_BKAS == 0).all(dim=(1, 2, 3)) for batch in batches])
    assert prompts.float().mean() == pytest.approx(0.3, abs=0.05)
    assert sounds.float().mean() == pytest.approx(0.6, abs=0.05)


def test_a_field_that_the_index_promises_and_no_shard_has_is_named(encoded: EncodedBatch, recipe: RecipeConfig) -> None:
    shard = Path(encoded.folder) / EncodedClips(Path(encoded.folder)).info("clip_2").shards["latents"]
    save_file({k: v for k, v in load_file(shard).items() if k != "clip_2/product_C1hw"}, shard)
    dataset = ClipDataset([encoded], recipe, motion=False, seed=0)
    with pytest.raises(ValueError, match="clip clip_2 has no product, which its batch's index says it has: encode"):
        ids(dataset, 2)
