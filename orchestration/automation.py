"""What starts by itself: a weekly retraining, and the ingestion of a batch whose folder appeared."""

from pathlib import Path

import dagster as dg

from data.sources.arrived import arrived_batches, misnamed_arrivals
from orchestration.assets import BATCHES

ARRIVALS = Path("datasets/raw")


def weekly_retraining(retrain: "dg.UnresolvedAssetJobDefinition") -> dg.ScheduleDefinition:
    """Every Monday at 03:00 UTC. Finds nothing to do where nothing changed; switch it on in the UI."""
    return dg.ScheduleDefinition(name="weekly_retraining", job=retrain, cron_schedule="0 3 * * 1")


def new_batch_sensor(ingest_batch: "dg.UnresolvedAssetJobDefinition") -> dg.SensorDefinition:
    """A folder datasets/raw/<batch> with a manifest becomes a partition and is prepared, validated and encoded."""

    @dg.sensor(name="new_batch", job=ingest_batch, minimum_interval_seconds=60)
    def new_batch(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        known = set(context.instance.get_dynamic_partitions(str(BATCHES.name)))
        for line in misnamed_arrivals(ARRIVALS):
            context.log.warning(line)
        arrived = [batch for batch in arrived_batches(ARRIVALS) if batch not in known]
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=batch, partition_key=batch) for batch in arrived],
            dynamic_partitions_requests=[BATCHES.build_add_request(arrived)] if arrived else [],
        )

    return new_batch
