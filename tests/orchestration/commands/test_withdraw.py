"""`graspline data withdraw` with the real succession: who learnt from whom, and who may be trained on afterwards."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from data.versions.withdrawals import FILE, read_withdrawals
from evaluation.contracts import EvaluationReport
from model.contracts import EncodedBatch, RgbArtifact, TrackingConfig
from orchestration.commands.withdraw import withdraw
from orchestration.configuration.load_config import load_config
from orchestration.registry.models import ModelRegistry
from orchestration.registry.registration import register
from orchestration.registry.trained_on import remember_training_set
from orchestration.steps import data_steps
from orchestration.steps.step import StepContext

MakeArtifact = Callable[[str], RgbArtifact]
MakeReport = Callable[..., EvaluationReport]
CLIPS = {
    "c0": {"person_id": "ann", "product_id": "cup", "shards": {"text": "text-1.safetensors"}},
    "c1": {"person_id": "ben", "product_id": "cup", "shards": {"text": "text-2.safetensors"}},
}


@pytest.fixture
def batch(project: Path) -> EncodedBatch:
    folder = Path("datasets/encoded/smoke_train")
    folder.mkdir(parents=True)
    (folder / "index.json").write_text(json.dumps({"clips": CLIPS}))
    for name in ("text-1", "text-2"):
        (folder / f"{name}.safetensors").write_text(name)
    return EncodedBatch(
        batch="smoke_train", folder=str(folder), clips=2, digest="d", prepared_digest="p", encoders_digest="e"
    )


def said(tracking: TrackingConfig, person: str, product: str | None = None) -> str:
    heard = io.StringIO()
    withdraw(person, product, "asked by mail", tracking, Console(file=heard, width=200))
    return heard.getvalue()


def test_the_models_that_learnt_from_them_are_named_and_their_shards_go(
    batch: EncodedBatch, tracking: TrackingConfig, make_artifact: MakeArtifact, make_report: MakeReport
) -> None:
    remember_training_set("with ann", [batch])
    (Path(batch.folder) / "index.json").write_text(json.dumps({"clips": {"c1": CLIPS["c1"]}}))
    remember_training_set("without ann", [batch])
    (Path(batch.folder) / "index.json").write_text(json.dumps({"clips": CLIPS}))
    models = ModelRegistry(tracking)
    for weights, digest in (("a", "with ann"), ("b", "without ann"), ("c", "")):
        artifact = make_artifact(weights).model_copy(update={"train_digest": digest})
        register(models, artifact, make_report(artifact))
    told = said(tracking, "ann")
    assert "smoke_train: 1 clips (c0) removed" in told
    assert "version 1: trained on 1 of their clips" in told
    assert "version 2" not in told
    assert "version 3 (challenger): its training set is not known, so it may have been" in told
    assert "dvc gc" in told
    assert sorted(file.name for file in Path(batch.folder).iterdir()) == ["text-2.safetensors"], "no index: unfinished"
    assert [line.person_id for line in read_withdrawals()] == ["ann"]


def test_a_training_set_that_still_holds_them_is_refused(batch: EncodedBatch, tracking: TrackingConfig) -> None:
    said(tracking, "ann", "cup")
    (Path(batch.folder) / "index.json").write_text(json.dumps({"clips": CLIPS}))
    held_out = batch.model_copy(update={"batch": "smoke_held_out"})
    config = load_config(["experiment=smoke", "data.held_out_is_trained_on=true"])
    for one in (batch, held_out):
        prepared = Path("datasets/prepared") / one.batch
        prepared.mkdir(parents=True)
        (prepared / "facts.jsonl").touch()
    with pytest.raises(ValueError, match="batch smoke_train still holds clip c0 of person ann, who is withdrawn"):
        data_steps.training_set(
            StepContext(config, print, "smoke_train"), {"smoke_train": batch, "smoke_held_out": held_out}
        )


def test_a_person_nobody_knows_is_a_typing_error(batch: EncodedBatch, tracking: TrackingConfig) -> None:
    with pytest.raises(ValueError, match="no clip of person anne is here, and no model was trained on one"):
        said(tracking, "anne")
    assert not FILE.exists()


def test_their_id_may_be_written_in_any_form(batch: EncodedBatch, tracking: TrackingConfig) -> None:
    assert "c0" in said(tracking, " ann\u200b", "cup ")
    assert [(line.person_id, line.product_id) for line in read_withdrawals()] == [("ann", "cup")]


@pytest.mark.parametrize(("person", "product"), [(" ", None), ("ann", ""), ("a\nb", None), ("ann", "\u2028")])
def test_an_id_of_nobody_is_refused(
    batch: EncodedBatch, tracking: TrackingConfig, person: str, product: str | None
) -> None:
    with pytest.raises(ValueError, match="id"):
        said(tracking, person, product)
    assert read_withdrawals() == []


def test_a_person_whose_id_differs_in_letter_case_is_named(batch: EncodedBatch, tracking: TrackingConfig) -> None:
    with pytest.raises(ValueError, match=r"no clip of person Ann is here.*warning: person_id 'Ann' and 'ann' differ"):
        said(tracking, "Ann")
    clips = {**CLIPS, "c1": {**CLIPS["c1"], "person_id": "Ann"}}
    (Path(batch.folder) / "index.json").write_text(json.dumps({"clips": clips}))
    assert "warning: person_id 'Ann' and 'ann' differ in letter case only" in said(tracking, "ann")


def test_a_model_s_training_set_that_an_older_version_wrote_down(
    batch: EncodedBatch, tracking: TrackingConfig, make_artifact: MakeArtifact, make_report: MakeReport
) -> None:
    remember_training_set("old", [batch])
    file = Path("registry/training_sets/old.json")
    file.write_text(file.read_text().replace('"ann"', '"ann "'))
    artifact = make_artifact("a").model_copy(update={"train_digest": "old"})
    register(ModelRegistry(tracking), artifact, make_report(artifact))
    assert "version 1 (challenger): trained on 1 of their clips" in said(tracking, "ann")
