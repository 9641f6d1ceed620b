"""How steps and their receipts pass through Dagster: run, shown as metadata, kept, handed to the next asset."""

import functools
from collections.abc import Callable
from typing import Any

import dagster as dg
from pydantic import BaseModel, Field

from orchestration.checks import results_of
from orchestration.configuration.load_config import PipelineConfig, load_config, load_sections
from orchestration.steps.lineage import content_digest, facts, pages, pictures
from orchestration.steps.receipts import has_receipt, load_receipt, previous_receipt, write_receipt
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
        config = _composed(tuple(self.overrides), of_a_batch=batch is not None)
        previous = previous_receipt(asset, batch)
        arrivals = None if self.arrivals is None else tuple(self.arrivals)
        receipt, reused = step(StepContext(config, self.display.log, batch, previous, arrivals), *parents)
        self.display.end(reused)
        return record(receipt, reused)


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


class ReceiptStore(dg.IOManager):
    """Keeps receipts as files (orchestration.steps.receipts)."""

    def handle_output(self, context: dg.OutputContext, obj: BaseModel) -> None:
        """Write the receipt of one asset (and batch)."""
        batch = context.partition_key if context.has_asset_partitions else None
        write_receipt(obj, context.asset_key.to_user_string(), batch)

    def load_input(self, context: dg.InputContext) -> BaseModel | dict[str, BaseModel]:
        """One receipt, or {batch: receipt} of every batch that is ready, for an asset that takes them all."""
        asset = context.asset_key.to_user_string()
        if not context.has_asset_partitions:
            return load_receipt(asset)
        if context.has_partition_key:
            return load_receipt(asset, context.asset_partition_key)
        return {
            batch: load_receipt(asset, batch) for batch in context.asset_partition_keys if has_receipt(asset, batch)
        }


@functools.cache
def _composed(overrides: tuple[str, ...], of_a_batch: bool) -> PipelineConfig:
    """Batches are prepared whether or not a network of the same configuration could take them in."""
    return load_sections(overrides) if of_a_batch else load_config(overrides)
