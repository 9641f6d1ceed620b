"""What starts by itself: a weekly retraining, and the ingestion of a batch whose folder appeared or changed."""

import json
from pathlib import Path

import dagster as dg

from data.contracts import PreparedBatch
from data.sources.arrived import arrival_content, arrived_batches, is_complete, misnamed_arrivals
from foundation.delivered_files import check_delivery
from foundation.digests import folder_digest
from model.contracts import EncodedBatch
from orchestration.assets import BATCHES
from orchestration.steps.production_line import composed
from orchestration.steps.receipts import Receipts

ARRIVALS = Path("datasets/raw")


def weekly_retraining(retrain: "dg.UnresolvedAssetJobDefinition") -> dg.ScheduleDefinition:
    """Every Monday at 03:00 UTC. Finds nothing to do where nothing changed; switch it on in the UI."""
    return dg.ScheduleDefinition(name="weekly_retraining", job=retrain, cron_schedule="0 3 * * 1")


def new_batch_sensor(ingest_batch: "dg.UnresolvedAssetJobDefinition") -> dg.SensorDefinition:
    """A folder datasets/raw/<batch> with a manifest becomes a partition and is prepared, validated and encoded.

    Each is judged by its content: what is taken in rests, what is mended or delivered again is asked for again, what
    was refused is not asked for twice (Dagster starts one run a run key). Where files of the manifest are not there
    yet, it waits until nothing changed from one look to the next.
    """

    @dg.sensor(name="new_batch", job=ingest_batch, minimum_interval_seconds=60)
    def new_batch(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        known = set(context.instance.get_dynamic_partitions(str(BATCHES.name)))
        for line in misnamed_arrivals(ARRIVALS):
            context.log.warning(line)
        receipts = Receipts(composed((), of_a_batch=True))
        before, waiting, due = _waiting(context.cursor), dict[str, str](), dict[str, str]()
        rests: list[str] = []  # why no run is asked for
        for batch in arrived_batches(ARRIVALS):
            try:
                check_delivery(ARRIVALS / batch)  # before a file is opened
                content = arrival_content(ARRIVALS / batch)
                complete = is_complete(ARRIVALS / batch) or before.get(batch) == content
                if not complete:
                    waiting[batch] = content
                    rests.append(f"{batch} lacks files of its manifest: it is asked for when it stops changing")
                elif _is_taken_in(batch, receipts):
                    rests.append(f"{batch} is taken in as it lies there")
                else:
                    due[batch] = f"{batch}:{content[:16]}:{_last_taken_in(batch, receipts)[:16]}"
            except (OSError, ValueError) as error:  # of this one: the others are looked at all the same
                context.log.warning(f"{ARRIVALS / batch} cannot be read now: {error}")
                rests.append(f"{batch} cannot be read now: {error}")
        new = [batch for batch in due if batch not in known]
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=key, partition_key=batch) for batch, key in due.items()],
            dynamic_partitions_requests=[BATCHES.build_add_request(new)] if new else [],
            cursor=json.dumps(waiting),
            skip_reason=None if due else dg.SkipReason("; ".join(rests) or f"no delivery in {ARRIVALS}"),
        )

    return new_batch


def _waiting(cursor: str | None) -> dict[str, str]:
    """Batch -> content of the deliveries that were not complete at the last look; a damaged cursor has none."""
    try:
        values = json.loads(cursor or "{}")
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def _is_taken_in(batch: str, receipts: Receipts) -> bool:
    """Whether what lies there now is prepared and encoded."""
    prepared, encoded = receipts.previous("prepared_batch", batch), receipts.previous("encoded_batch", batch)
    return (
        isinstance(prepared, PreparedBatch)
        and isinstance(encoded, EncodedBatch)
        and encoded.prepared_digest == prepared.digest
        and prepared.raw_digest == folder_digest(ARRIVALS / batch)
    )


def _last_taken_in(batch: str, receipts: Receipts) -> str:
    """What was encoded last, so that a content which comes back after another one is asked for again."""
    encoded = receipts.previous("encoded_batch", batch)
    return encoded.prepared_digest if isinstance(encoded, EncodedBatch) else "nothing"
