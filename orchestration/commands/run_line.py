"""`graspline run`: materialise the whole graph, batch by batch, then everything that is made of all batches."""

from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg
from dagster_shared.error import SerializableErrorInfo

from orchestration.assets import BATCHES
from orchestration.definitions import build_definitions
from orchestration.load_config import load_config
from orchestration.steps.data_steps import batches_of
from orchestration.steps.work import Screen

SILENT = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
RETRAIN_REST = (
    "training_set",
    "stage_one",
    "stage_two",
    "rgb_artifact",
    "generated_samples",
    "evaluation_report",
    "registered_candidate",
    "promotion_decision",
    "champion",
)


class LineStoppedError(RuntimeError):
    """A step failed; the message is the step's own, the asset is red, nothing below it was touched."""


@dataclass(frozen=True)
class Line:
    """The graph, an instance to record into, and one way to materialise a part of it."""

    definitions: dg.Definitions
    instance: dg.DagsterInstance

    def materialise(self, job: str, assets: Sequence[str], batch: str | None = None) -> None:
        """Materialise some assets of a job.

        Raises:
            LineStoppedError: a step or a blocking check failed.
        """
        result = self.definitions.resolve_job_def(job).execute_in_process(
            run_config=SILENT,
            instance=self.instance,
            partition_key=batch,
            asset_selection=[dg.AssetKey(asset) for asset in assets],
            raise_on_error=False,
        )
        if not result.success:
            raise LineStoppedError(_why(result))

    def prepare(self, batch: str) -> None:
        """Deliver, prepare and validate one batch.

        Raises:
            LineStoppedError: it cannot be delivered or prepared, or it is not valid.
        """
        self.materialise("ingest_batch", ["raw_batch", "prepared_batch"], batch)


def run_line(overrides: Sequence[str], screen: Screen) -> None:
    """Everything from the ordered batches to the champion, for one configuration."""
    batches = batches_of(load_config(overrides).data)
    line = open_line(overrides, batches, screen)
    for batch in batches:
        line.prepare(batch)
    line.materialise("retrain", ["encoders"])
    for batch in batches:
        line.materialise("ingest_batch", ["encoded_batch"], batch)
    line.materialise("retrain", RETRAIN_REST)


def open_line(overrides: Sequence[str], batches: Sequence[str], screen: Screen) -> Line:
    """The graph for one configuration, its batches known to Dagster."""
    instance = dg.DagsterInstance.get()
    instance.add_dynamic_partitions(str(BATCHES.name), list(batches))
    return Line(build_definitions(screen, overrides), instance)


def _why(result: dg.ExecuteInProcessResult) -> str:
    """What failed: a blocking check with what it saw, or a step with its own message."""
    refused = [found for found in result.get_asset_check_evaluations() if found.blocking and not found.passed]
    if refused:
        return "; ".join(
            f"{check.asset_key.to_user_string()}, {check.check_name}: {check.description}" for check in refused
        )
    for event in result.all_events:
        if event.is_step_failure:
            return f"{event.step_key}: {_message(event.step_failure_data.error)}"
    return "the run failed without a failed step: see the Dagster UI (`graspline ui`)"


def _message(error: SerializableErrorInfo | None) -> str:
    """What the step raised, without Dagster's wrapping and without what that was raised from."""
    while error is not None and error.cause is not None and (error.cls_name or "").startswith("Dagster"):
        error = error.cause
    if error is None:
        return "no message"
    if error.cls_name == dg.DagsterExecutionInterruptedError.__name__:
        return "interrupted; the next run continues"
    message = error.message.strip()
    return message.partition(": ")[2] or message
