"""How receipts pass through Dagster: made by a step, shown as metadata, kept as JSON, handed to the next asset."""

import functools
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import BaseModel, Field

from data.contracts import PreparedBatch, RawBatch
from evaluation.contracts import Decision, EvaluationReport, GeneratedSamples
from foundation.run_folder import write_whole
from model.contracts import EncodedBatch, Encoders, RgbArtifact, TrainedStage, TrainingSet
from orchestration.checks import results_of
from orchestration.load_config import PipelineConfig, load_config
from orchestration.registry.release import Champion, RegisteredCandidate
from orchestration.steps.lineage import content_digest, facts, pages, pictures
from orchestration.steps.work import Made, Screen, Work

FOLDER = Path("registry/receipts")
# for assets with checks: Dagster cannot read `-> MaterializeResult[X]` beside them
CHECKED = dg.PythonObjectDagsterType(BaseModel, name="Receipt")
KINDS: dict[str, type[BaseModel]] = {
    "raw_batch": RawBatch,
    "prepared_batch": PreparedBatch,
    "encoders": Encoders,
    "encoded_batch": EncodedBatch,
    "training_set": TrainingSet,
    "stage_one": TrainedStage,
    "stage_two": TrainedStage,
    "rgb_artifact": RgbArtifact,
    "generated_samples": GeneratedSamples,
    "evaluation_report": EvaluationReport,
    "registered_candidate": RegisteredCandidate,
    "promotion_decision": Decision,
    "champion": Champion,
}


class ProductionLine(dg.ConfigurableResource):
    """What every asset calls: runs a step under the composed configuration and records its receipt."""

    overrides: list[str] = Field(default_factory=list)  # as on the command line: ["training.stage_one.steps=50"]
    screen: dg.ResourceDependency[Screen]

    def make(self, context: dg.AssetExecutionContext, step: Callable[..., Made], *parents: Any) -> dg.MaterializeResult:
        """Run one step on its parents' receipts."""
        batch = context.partition_key if context.has_partition_key else None
        asset = context.asset_key.to_user_string()
        self.screen.begin(asset, batch)
        made = step(Work(_composed(tuple(self.overrides)), self.screen.line, batch), *parents)
        reused = made.receipt == _known(asset, batch) if made.reused is None else made.reused
        self.screen.end(reused)
        return record(made.receipt, reused)


def record(receipt: BaseModel, reused: bool) -> dg.MaterializeResult:
    """A receipt as Dagster wants it: value, data version by content, pictures, check results."""
    shown: dict[str, Any] = {name: dg.MetadataValue.md(picture) for name, picture in pictures(receipt).items()}
    shown |= {name: dg.MetadataValue.path(page) for name, page in pages(receipt).items()}
    return dg.MaterializeResult(
        value=receipt,
        data_version=dg.DataVersion(content_digest(receipt)),
        metadata={"reused": reused, **facts(receipt), **shown},
        check_results=[
            dg.AssetCheckResult(passed=passed, check_name=name, description=says)
            for name, passed, says in results_of(receipt)
        ],
    )


class ReceiptStore(dg.IOManager):
    """registry/receipts/<asset>[/<batch>].json, each with the sha256 of its own text."""

    def handle_output(self, context: dg.OutputContext, obj: BaseModel) -> None:
        """Write the receipt of one asset (and batch)."""
        batch = context.partition_key if context.has_asset_partitions else None
        file = _file(context.asset_key.to_user_string(), batch)
        file.parent.mkdir(parents=True, exist_ok=True)
        body = obj.model_dump_json(indent=1)
        write_whole(file, json.dumps({"sha256": _sha256(body), "receipt": body}))

    def load_input(self, context: dg.InputContext) -> BaseModel | dict[str, BaseModel]:
        """One receipt, or {batch: receipt} of every batch that is ready, for an asset that takes them all."""
        asset = context.asset_key.to_user_string()
        if not context.has_asset_partitions:
            return load_receipt(asset)
        if context.has_partition_key:
            return load_receipt(asset, context.asset_partition_key)
        ready = [batch for batch in context.asset_partition_keys if _file(asset, batch).exists()]
        return {batch: load_receipt(asset, batch) for batch in ready}


def load_receipt(asset: str, batch: str | None = None) -> BaseModel:
    """Read one receipt back.

    Raises:
        ValueError: it was never made, or its text was changed.
    """
    file = _file(asset, batch)
    if not file.exists():
        raise ValueError(f"{asset} has not been made yet: materialise it first ({file} is missing)")
    kept = json.loads(file.read_text())
    if _sha256(kept["receipt"]) != kept["sha256"]:
        raise ValueError(f"{file} was changed by hand: remove it and materialise {asset} again")
    return KINDS[asset].model_validate_json(kept["receipt"])


def _known(asset: str, batch: str | None) -> BaseModel | None:
    return load_receipt(asset, batch) if _file(asset, batch).exists() else None


def _file(asset: str, batch: str | None) -> Path:
    return FOLDER / asset / f"{batch}.json" if batch else FOLDER / f"{asset}.json"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@functools.cache
def _composed(overrides: tuple[str, ...]) -> PipelineConfig:
    return load_config(overrides)
