"""The Dagster code location: `dagster dev -m orchestration.definitions`. Imports no torch."""

from collections.abc import Sequence

import dagster as dg

from foundation.home import TRAINS
from orchestration import assets
from orchestration.automation import new_batch_sensor, weekly_retraining
from orchestration.steps.display import PlainDisplay
from orchestration.steps.production_line import ProductionLine, ReceiptStore
from orchestration.steps.step import Display

FLOW = dg.load_assets_from_modules([assets])
PARTITIONED = dg.AssetSelection.assets(
    *(asset for asset in FLOW if isinstance(asset, dg.AssetsDefinition) and asset.partitions_def == assets.BATCHES)
)

ingest_batch = dg.define_asset_job(
    "ingest_batch", PARTITIONED, description="One delivery of clips: version, prepare, validate, encode."
)
retrain = dg.define_asset_job(
    "retrain",
    dg.AssetSelection.all() - PARTITIONED,
    description="Train both stages, export, evaluate, decide.",
    tags={TRAINS: "yes"},
)


def build_definitions(
    display: Display, overrides: Sequence[str] = (), arrivals: Sequence[str] | None = None
) -> dg.Definitions:
    """The same assets and jobs for whoever asks; `display` is where their steps show what they do.

    `arrivals`: the arrived batches that are trained on, where they are (`data.train_on_arrivals`); see StepContext.
    """
    line = ProductionLine(
        overrides=list(overrides), arrivals=None if arrivals is None else list(arrivals), display=display
    )
    return dg.Definitions(
        assets=FLOW,
        jobs=[ingest_batch, retrain],
        schedules=[weekly_retraining(retrain)],
        sensors=[new_batch_sensor(ingest_batch)],
        resources={"line": line, "io_manager": ReceiptStore(line=line)},
        executor=dg.in_process_executor,  # every heavy step is a child process already; a second layer costs 4 s a step
    )


defs = build_definitions(PlainDisplay())
