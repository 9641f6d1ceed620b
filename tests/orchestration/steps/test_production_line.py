"""Receipts through Dagster: what an asset made is read back as it was, by one asset or by one that takes them all."""

import json
from pathlib import Path

import dagster as dg
import pytest

from data.contracts import PreparedBatch, RawBatch
from evaluation.contracts import Decision, EvaluationReport, Reason
from model.contracts import EncodedBatch, Encoders, RgbArtifact, TrainingSet
from orchestration.configuration.load_config import load_config
from orchestration.steps.display import PlainDisplay
from orchestration.steps.lineage import content_digest, facts, pictures
from orchestration.steps.production_line import ProductionLine, ReceiptStore, record
from orchestration.steps.receipts import Receipts
from orchestration.steps.retraining import Retraining, begin_retraining
from orchestration.steps.step import StepContext, StepResult

BATCHES = dg.DynamicPartitionsDefinition(name="batches")


def raw(batch: str) -> RawBatch:
    return RawBatch(batch=batch, folder=f"datasets/raw/{batch}", source="studio", clips=2, digest=f"digest of {batch}")


def prepared(batch: str, valid: bool = True) -> PreparedBatch:
    return PreparedBatch(
        batch=batch,
        folder=f"datasets/prepared/{batch}",
        clips=2,
        digest=f"digest of {batch}",
        raw_digest="r",
        valid=valid,
        failures=[] if valid else ["clip 0001 | field hand_boxes | outside the picture | fix: annotate again"],
        contact_sheet="sheet.png",
    )


@dg.asset(partitions_def=BATCHES, name="raw_batch")
def one_raw_batch(context: dg.AssetExecutionContext) -> RawBatch:
    return raw(context.partition_key)


@dg.asset(ins={"raw_batch": dg.AssetIn(partition_mapping=dg.AllPartitionMapping())})
def encoders(raw_batch: dict[str, RawBatch]) -> Encoders:
    return Encoders(folder="f", digest="d", captions={name: batch.digest for name, batch in raw_batch.items()})


@pytest.fixture
def instance(project: Path) -> dg.DagsterInstance:
    instance = dg.DagsterInstance.ephemeral()
    instance.add_dynamic_partitions("batches", ["march", "april", "ordered_only"])
    return instance


def store(*overrides: str) -> ReceiptStore:
    return ReceiptStore(line=ProductionLine(overrides=list(overrides), display=PlainDisplay()))


def materialise(
    instance: dg.DagsterInstance, batch: str | None, *overrides: str, retraining: Retraining | None = None
) -> None:
    asset = encoders if batch is None else one_raw_batch
    done = dg.materialize(
        [one_raw_batch, encoders],
        selection=[asset],
        partition_key=batch,
        instance=instance,
        tags=retraining.tags() if retraining else None,
        resources={"io_manager": store(*overrides)},
    )
    assert done.success


def test_receipts_pass_from_asset_to_asset(instance: dg.DagsterInstance) -> None:
    materialise(instance, "march")
    materialise(instance, "april")
    receipts = Receipts(load_config())
    assert receipts.load("raw_batch", "april") == raw("april")
    materialise(instance, None)
    made = receipts.load("encoders")
    assert isinstance(made, Encoders)
    assert made.captions == {"march": "digest of march", "april": "digest of april"}, "every batch that is ready"


def test_a_run_takes_no_receipt_of_one_that_is_configured_otherwise(instance: dg.DagsterInstance) -> None:
    """The mistake that this store is for: a stage two was trained on another run's stage one."""
    materialise(instance, "march")
    materialise(instance, "april", "training.stage_one.seed=5")
    materialise(instance, None)
    made = Receipts(load_config()).load("encoders")
    assert isinstance(made, Encoders)
    assert list(made.captions) == ["march"]


def test_runs_of_one_retraining_say_so(instance: dg.DagsterInstance, project: Path) -> None:
    retraining = begin_retraining(["training.stage_one.seed=5"])
    materialise(instance, "march", retraining=retraining)
    materialise(instance, None, retraining=retraining)
    assert sorted(path.name for path in Path("registry/receipts").iterdir()) == sorted([retraining.id, "latest"])
    assert {run.tags["graspline/retraining"] for run in instance.get_runs()} == {retraining.id}


def test_a_run_of_the_page_or_of_a_schedule_is_a_retraining_of_its_own(instance: dg.DagsterInstance) -> None:
    @dg.asset(name="training_set")
    def asset(context: dg.AssetExecutionContext, line: ProductionLine) -> dg.MaterializeResult:
        return line.make(context, lambda _step: StepResult(training_set(), reused=False))

    line = ProductionLine(display=PlainDisplay())
    resources = {"line": line, "io_manager": ReceiptStore(line=line)}
    for tags in ({}, {"dagster/schedule_name": "weekly"}, {"dagster/root_run_id": "the one that broke off"}):
        assert dg.materialize([asset], instance=instance, resources=resources, tags=tags).success
    broken, weekly, page = ({**run.tags, "run": run.run_id} for run in instance.get_runs())
    assert (page["graspline/origin"], page["graspline/retraining"]) == ("page", page["run"])
    assert (weekly["graspline/origin"], weekly["graspline/started_by"]) == ("schedule", "weekly")
    assert broken["graspline/retraining"] == "the one that broke off"


def test_a_step_made_of_receipts_alone_is_unchanged_where_its_receipt_is(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def count(step: StepContext) -> StepResult:
        step.log("progress 1/1 counted")
        receipt = training_set(overlap=step.config.data.held_out_is_trained_on)
        return StepResult(receipt, reused=receipt == step.previous)

    @dg.asset(name="training_set")
    def asset(context: dg.AssetExecutionContext, line: ProductionLine) -> dg.MaterializeResult:
        return line.make(context, count)

    display = PlainDisplay()
    for overrides in ([], [], ["data.held_out_is_trained_on=true"]):
        line = ProductionLine(overrides=overrides, display=display)
        assert dg.materialize([asset], resources={"line": line, "io_manager": ReceiptStore(line=line)}).success
    assert [reused for *_, reused in display.timings.rows] == [False, True, False]
    assert "training set                       unchanged" in capsys.readouterr().out


def training_set(overlap: bool = False) -> TrainingSet:
    batch = EncodedBatch(batch="a", folder="f", clips=3, digest="d", prepared_digest="p", encoders_digest="e")
    return TrainingSet(
        train=(batch, batch),
        held_out=(batch,),
        train_digest="t",
        held_out_digest="h",
        digest="whole",
        overlap_allowed=overlap,
    )


def test_a_record_carries_version_facts_and_no_check_where_there_is_none(project: Path) -> None:
    result = record(training_set(), reused=True)
    assert result.data_version == dg.DataVersion("whole")
    assert result.metadata == {"reused": True, "train_clips": 6, "held_out_clips": 3, "digest": "whole"}
    assert result.check_results == []


@pytest.mark.parametrize("valid", [True, False])
def test_a_batch_brings_its_validation(project: Path, valid: bool) -> None:
    (check,) = record(prepared("march", valid), reused=False).check_results
    assert (check.check_name, check.passed) == ("clips_are_valid", valid)
    assert ("clip 0001" in str(check.description)) is not valid


def test_an_artifact_without_a_proof_fails_its_check(make_artifact: "object") -> None:
    assert callable(make_artifact)
    artifact: RgbArtifact = make_artifact("w")
    unproven = artifact.model_copy(update={"proof": {}})
    passed = [record(found, reused=False).check_results[0].passed for found in (artifact, unproven)]
    assert passed == [True, False]


def test_a_decision_says_what_refused() -> None:
    reasons = [Reason(rule="a", passed=True, message="sharp"), Reason(rule="b", passed=False, message="hands shake")]
    decision = Decision(passed=False, reasons=reasons, challenger_digest="c", champion_digest=None, exam_digest="e")
    (check,) = record(decision, reused=False).check_results
    assert not check.passed
    assert check.description == "passed: sharp\nREFUSED: hands shake"
    assert facts(decision) == {"passed": False, "a": "sharp", "b": "hands shake"}


def test_the_content_is_the_version_not_the_path(make_artifact: "object", make_report: "object") -> None:
    assert callable(make_artifact)
    assert callable(make_report)
    artifact: RgbArtifact = make_artifact("w")
    assert content_digest(artifact.model_copy(update={"folder": "elsewhere"})) == artifact.digest
    good: EvaluationReport = make_report(artifact, psnr_db=20)
    better: EvaluationReport = make_report(artifact, psnr_db=21)
    assert content_digest(good) != content_digest(better), "the same exam, other numbers"
    assert facts(good)["psnr_db"] == 20.0


def test_pictures_are_carried_inside(project: Path) -> None:
    assert pictures(prepared("march")) == {}, "its file is not there"
    Path("sheet.png").write_bytes(b"\x89PNG")
    assert pictures(prepared("march")) == {"contact_sheet_picture": "![contact_sheet](data:image/png;base64,iVBORw==)"}
    assert json.dumps(facts(prepared("march")))  # plain values for a table


def test_a_batch_names_its_page_and_what_is_accepted(project: Path) -> None:
    known = "clip 0000 | field boxes | 6 frames | picture_boxes_lag: at most 2 | fix: again | accepted: published so"
    told = prepared("march").model_copy(update={"validation_page": "page.html", "accepted": [known]})
    assert "validation_page" in facts(told)
    assert record(told, reused=False).metadata["validation_page"] == "page.html", "it is not there yet"
    Path("page.html").touch()
    found = record(told, reused=False)
    assert found.metadata["validation_page"] == dg.MetadataValue.path(str(Path("page.html").resolve()))
    (check,) = found.check_results
    assert check.passed
    assert known in str(check.description)
