"""What the data steps decide themselves: who is ready, who stands on both sides, what the digests cover."""

import json
from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.contracts import PreparedBatch
from data.versions.batch_entry import stage_identities
from model.contracts import EncodedBatch, Encoders, TrainingSet
from orchestration.configuration.load_config import PipelineConfig, load_config
from orchestration.steps import data_steps
from orchestration.steps.step import StepContext


@pytest.fixture(scope="module")
def config() -> PipelineConfig:
    return load_config(["experiment=smoke"])


@pytest.fixture
def work(project: Path, config: PipelineConfig) -> StepContext:
    return StepContext(config, log=lambda _line: None, batch="smoke_train")


def encoded(batch: str, person: str, digest: str = "d", product: str = "", film: str = "") -> EncodedBatch:
    """An encoded batch with one clip, and what was measured on its prepared clip."""
    folder, prepared = Path(f"datasets/encoded/{batch}"), Path(f"datasets/prepared/{batch}")
    folder.mkdir(parents=True, exist_ok=True)
    prepared.mkdir(parents=True, exist_ok=True)
    look = np.random.default_rng([ord(letter) for letter in film or batch]).integers(0, 255, 8 * 8 * 8 * 3, np.uint8)
    ids = {"clip_id": "0000", "person_id": person, "product_id": product or f"product of {batch}"}
    facts = {**ids, "content_sha256": film or batch, "fingerprint": b64encode(look.tobytes()).decode()}
    (prepared / "facts.jsonl").write_text(json.dumps([facts, {}]) + "\n")
    (folder / "index.json").write_text(json.dumps({"clips": {"0000": ids}}))
    parents = {"prepared_digest": "p", "encoders_digest": "e"}
    return EncodedBatch(batch=batch, folder=str(folder), clips=1, digest=f"{digest} {batch}", **parents)


def both(train_person: str = "ada", held_out_person: str = "ben", **digests: str) -> dict[str, EncodedBatch]:
    return {
        "smoke_train": encoded("smoke_train", train_person, digests.get("train", "d")),
        "smoke_held_out": encoded("smoke_held_out", held_out_person, digests.get("held_out", "d")),
        "another": encoded("another", train_person),
    }


def made(work: StepContext, batches: dict[str, EncodedBatch]) -> TrainingSet:
    receipt = data_steps.training_set(work, batches).receipt
    assert isinstance(receipt, TrainingSet)
    return receipt


def test_a_training_set_holds_the_ordered_batches_only(work: StepContext) -> None:
    found = made(work, both())
    assert [batch.batch for batch in found.train] == ["smoke_train"]
    assert [batch.batch for batch in found.held_out] == ["smoke_held_out"]
    assert not found.overlap_allowed


def test_a_held_out_change_leaves_the_digest_that_training_reads(work: StepContext) -> None:
    before, exam, clips = made(work, both()), made(work, both(held_out="new")), made(work, both(train="new"))
    assert exam.train_digest == before.train_digest
    assert exam.held_out_digest != before.held_out_digest
    assert clips.train_digest != before.train_digest
    assert clips.held_out_digest == before.held_out_digest
    assert len({before.digest, exam.digest, clips.digest}) == 3


def test_nobody_stands_on_both_sides(work: StepContext) -> None:
    said = r"clip smoke_held_out/0000 \| field person_id \| ada, also in smoke_train/0000 \| .* not in training"
    with pytest.raises(ValueError, match=said):
        data_steps.training_set(work, both(held_out_person="ada"))


def test_a_product_of_the_exam_is_not_trained_on_unless_that_is_allowed(work: StepContext) -> None:
    shared = {
        "smoke_train": encoded("smoke_train", "ada", product="mug"),
        "smoke_held_out": encoded("smoke_held_out", "ben", product="mug"),
    }
    with pytest.raises(ValueError, match=r"field product_id \| mug, also in smoke_train/0000"):
        data_steps.training_set(work, shared)
    allowed = load_config(["experiment=smoke", "data.validation.products_apart=false"])
    assert made(StepContext(allowed, work.log), shared).train


def test_a_film_stands_in_one_batch(work: StepContext) -> None:
    exam = {
        "smoke_train": encoded("smoke_train", "ada", film="one"),
        "smoke_held_out": encoded("smoke_held_out", "ben", film="one"),
    }
    with pytest.raises(ValueError, match=r"clip smoke_held_out/0000 \| field video \| .* as smoke_train/0000"):
        data_steps.training_set(work, exam)
    Path("datasets/raw/another").mkdir(parents=True)
    Path("datasets/raw/another/manifest.jsonl").touch()
    asked = load_config(["experiment=smoke", "data.train_on_arrivals=true"])
    twice = {**both(), "another": encoded("another", "ada", film="smoke_train")}
    with pytest.raises(ValueError, match=r"clip smoke_train/0000 \| field video \| .* as another/0000"):
        made(StepContext(asked, work.log), twice)


def test_a_batch_that_was_not_measured_is_named(work: StepContext) -> None:
    batches = both()
    Path("datasets/prepared/smoke_train/facts.jsonl").unlink()
    with pytest.raises(ValueError, match=r"facts\.jsonl is missing, so batch smoke_train cannot be compared"):
        data_steps.training_set(work, batches)


def test_an_overfit_on_purpose_must_be_said(work: StepContext) -> None:
    said = load_config(["experiment=smoke", "data.held_out_is_trained_on=true"])
    assert made(StepContext(said, work.log), both(held_out_person="ada")).overlap_allowed


def test_a_batch_that_is_not_ready_is_named(work: StepContext) -> None:
    batches = both()
    del batches["smoke_held_out"]
    with pytest.raises(ValueError, match=r"batch smoke_held_out is not ready yet: .* \(ready: \['another'"):
        data_steps.training_set(work, batches)
    with pytest.raises(ValueError, match="batch smoke_train is not ready yet: materialise its partition first"):
        data_steps.encoders(work, {})


def test_encoders_of_another_batch_are_refused(work: StepContext) -> None:
    prepared = PreparedBatch(
        batch="smoke_train", folder="f", clips=1, digest="d", raw_digest="r", valid=True, failures=[], contact_sheet="c"
    )
    fitted = Encoders(folder="datasets/encoders/studio_train", digest="d", captions={})
    with pytest.raises(ValueError, match="this batch needs datasets/encoders/smoke_train: make them first"):
        data_steps.encoded_batch(work, prepared, fitted)


def test_a_batch_that_nobody_ordered_is_named(work: StepContext) -> None:
    with pytest.raises(ValueError, match=r"batch april is neither ordered under data\.batches .* nor in datasets/raw"):
        data_steps.raw_batch(replace(work, batch="april"))


def arrive(*names: str) -> None:
    for name in names:
        Path(f"datasets/raw/{name}").mkdir(parents=True)
        Path(f"datasets/raw/{name}/manifest.jsonl").touch()


def test_a_batch_that_arrived_joins_the_training_side_where_asked(work: StepContext) -> None:
    arrive("another")
    batches = both()
    assert [batch.batch for batch in made(work, batches).train] == ["smoke_train"]
    asked = load_config(["experiment=smoke", "data.train_on_arrivals=true"])
    assert [batch.batch for batch in made(StepContext(asked, work.log), batches).train] == ["smoke_train", "another"]


def test_a_run_trains_on_the_arrivals_that_it_began_with(work: StepContext) -> None:
    """One that arrived meanwhile, or was refused, is named and joins the next run."""
    batches = both()
    arrive("another", "late")
    asked = StepContext(load_config(["experiment=smoke", "data.train_on_arrivals=true"]), work.log)
    begun = made(replace(asked, arrivals=("another",)), batches)
    assert [batch.batch for batch in begun.train] == ["smoke_train", "another"]
    assert begun.not_ready == ("late",)
    without = made(replace(asked, arrivals=()), batches)
    assert [batch.batch for batch in without.train] == ["smoke_train"]
    assert without.not_ready == ("another", "late")
    by_itself = made(asked, batches)
    assert [batch.batch for batch in by_itself.train] == ["smoke_train", "another"]
    assert by_itself.not_ready == ("late",)


def test_replaced_encoder_weights_are_noticed_at_once(work: StepContext) -> None:
    """The same path, other bytes: the batch's stages that read them are others, and so is all that is made of them."""
    Path("weights/vae/sub").mkdir(parents=True)
    Path("weights/vae/sub/model.safetensors").write_text("one")
    codec = work.config.encoding.latent_codec.model_copy(update={"weights": "weights/vae"})
    encoding = work.config.encoding.model_copy(update={"latent_codec": codec})
    config = work.config.model_copy(update={"encoding": encoding})
    before = data_steps.entry_of(config, "smoke_train")
    assert before == data_steps.entry_of(config, "smoke_train")
    Path("weights/vae/sub/model.safetensors").write_text("two")
    after = stage_identities(data_steps.entry_of(config, "smoke_train"))
    assert {stage for stage, name in stage_identities(before).items() if after[stage] != name} == {"encoders", "encode"}
