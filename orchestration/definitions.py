"""The Dagster code location: `dagster dev -m orchestration.definitions`. Imports no torch."""

from collections.abc import Sequence

import dagster as dg

from orchestration.assets import FLOW, encoded_batch, prepared_batch, raw_batch
from orchestration.automation import new_batch_sensor, weekly_retraining
from orchestration.steps.production_line import ProductionLine, ReceiptStore
from orchestration.steps.screen import PlainScreen
from orchestration.steps.work import Screen

PARTITIONED = dg.AssetSelection.assets(raw_batch, prepared_batch, encoded_batch)

ingest_batch = dg.define_asset_job(
    "ingest_batch", PARTITIONED, description="One delivery of clips: version, prepare, validate, encode."
)
retrain = dg.define_asset_job(
    "retrain", dg.AssetSelection.all() - PARTITIONED, description="Train both stages, export, examine, decide."
)


def build_definitions(screen: Screen, overrides: Sequence[str] = ()) -> dg.Definitions:
    """The same assets and jobs for whoever asks; `screen` is where their steps show what they do."""
    return dg.Definitions(
        assets=FLOW,
        jobs=[ingest_batch, retrain],
        schedules=[weekly_retraining(retrain)],
        sensors=[new_batch_sensor(ingest_batch)],
        resources={"line": ProductionLine(overrides=list(overrides), screen=screen), "io_manager": ReceiptStore()},
        executor=dg.in_process_executor,  # every heavy step is a child process already; a second layer costs 4 s a step
    )


defs = build_definitions(PlainScreen())
