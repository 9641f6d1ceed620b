"""How steps and their receipts pass through Dagster: run, shown as metadata, kept, handed to the next asset."""

import functools
from collections.abc import Callable
from typing import Any

import dagster as dg
from pydantic import BaseModel, Field

from orchestration.checks import results_of
from orchestration.configuration.load_config import PipelineConfig, load_config, load_sections
from orchestration.steps.lineage import content_digest, facts, pages, pictures
from orchestration.steps.receipts import Receipts
from orchestration.steps.retraining import Retraining, retraining_of
from orchestration.steps.step import Display, StepContext, StepResult

# for assets with checks: Dagster cannot read `-> MaterializeResult[X]` beside them
CHECKED = dg.PythonObjectDagsterType(BaseModel, name="Receipt")


class ProductionLine(dg.ConfigurableResource):
    """What every asset calls: runs a step under the composed configuration and records its receipt."""

    overrides: list[str] = Field(default_factory=list)  # as on the command line: ["training.stage_one.steps=50"]
    arrivals: list[str] | None = None  # see StepContext
    display: dg.ResourceDependency[Display]

    def make(
        self, context: dg.AssetExecutionContext, step: Callable[..., StepResult], *parents: Any
    ) -> dg.MaterializeResult:
        """Run one step on its parents' receipts."""
        batch = context.partition_key if context.has_partition_key else None
        asset = context.asset_key.to_user_string()
        self.display.begin(asset, batch)
        retraining = self.retraining(context.run)
        _tag(context, retraining)
        config = composed(tuple(self.overrides), of_a_batch=batch is not None)
        arrivals = None if self.arrivals is None else tuple(self.arrivals)
        previous = Receipts(config).previous(asset, batch)
        given = StepContext(config, self.display.log, batch, previous, arrivals, retraining)
        receipt, reused = step(given, *parents)
        self.display.end(reused)
        return record(receipt, reused)

    def retraining(self, run: dg.DagsterRun) -> Retraining:
        """The retraining that a Dagster run is a part of."""
        return retraining_of(run.tags, run.run_id, self.overrides)

    def receipts(self, run: dg.DagsterRun, of_a_batch: bool) -> Receipts:
        """The receipts as a Dagster run sees them."""
        return Receipts(composed(tuple(self.overrides), of_a_batch), self.retraining(run).id)


def _tag(context: dg.AssetExecutionContext, retraining: Retraining) -> None:
    """See to it that the Dagster run says what it is a part of."""
    missing = {name: value for name, value in retraining.tags().items() if name not in context.run.tags}
    if missing:
        context.instance.add_run_tags(context.run.run_id, missing)


def record(receipt: BaseModel, reused: bool) -> dg.MaterializeResult:
    """A receipt as Dagster wants it: value, data version by content, pictures, check results."""
    shown: dict[str, Any] = {name: dg.MetadataValue.md(picture) for name, picture in pictures(receipt).items()}
    shown |= {name: dg.MetadataValue.path(page) for name, page in pages(receipt).items()}
    return dg.MaterializeResult(
        value=receipt,
        data_version=dg.DataVersion(content_digest(receipt)),
        metadata={"reused": reused, **facts(receipt), **shown},
        check_results=[
            dg.AssetCheckResult(passed=passed, check_name=name, description=message)
            for name, passed, message in results_of(receipt)
        ],
    )


class ReceiptStore(dg.ConfigurableIOManager):
    """Keeps receipts as files (orchestration.steps.receipts)."""

    line: dg.ResourceDependency[ProductionLine]

    def handle_output(self, context: dg.OutputContext, obj: BaseModel) -> None:
        """Write the receipt of one asset (and batch)."""
        batch = context.partition_key if context.has_asset_partitions else None
        receipts = self.line.receipts(context.step_context.dagster_run, of_a_batch=batch is not None)
        receipts.write(obj, context.asset_key.to_user_string(), batch)

    def load_input(self, context: dg.InputContext) -> BaseModel | dict[str, BaseModel]:
        """One receipt, or {batch: receipt} of every batch that is ready, for an asset that takes them all."""
        asset, run = context.asset_key.to_user_string(), context.step_context.dagster_run
        if not context.has_asset_partitions:
            return self.line.receipts(run, of_a_batch=False).load(asset)
        receipts = self.line.receipts(run, of_a_batch=True)
        if context.has_partition_key:
            return receipts.load(asset, context.asset_partition_key)
        return {
            batch: receipts.load(asset, batch) for batch in context.asset_partition_keys if receipts.has(asset, batch)
        }


@functools.cache
def composed(overrides: tuple[str, ...], of_a_batch: bool) -> PipelineConfig:
    """Batches are prepared whether or not a network of the same configuration could take them in."""
    return load_sections(overrides) if of_a_batch else load_config(overrides)
