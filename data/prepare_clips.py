"""Raw batch -> prepared batch: every clip in the one format, its boxes moved with its pixels, then validated.

    python -m data.prepare_clips BATCH

Reads datasets/batches.yaml and datasets/raw/BATCH, writes datasets/prepared/BATCH (a DVC stage). A clip that cannot be
used at all (unreadable, wrong rate, too short) ends it with an error that names them all; a clip that breaks a rule is
written, so that people can look at it, and makes validation.json say `"valid": false`, which nothing below accepts.
"""

import shutil
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from data.batch_receipts import batch_entry
from data.clip_facts import ClipFacts
from data.contact_sheet import draw_contact_sheet
from data.contracts import BatchOrder, ClipRecord, ReleasedCsvBatch
from data.digests import folder_digest
from data.failures import ClipError
from data.manifest import read_manifest, write_manifest
from data.prepare_clip import ClipJob, prepare_clip
from data.progress import report_progress
from data.sources import released_csv
from data.validation import validate, write_validation


def prepare_batch(batch: str) -> None:
    """Make datasets/prepared/<batch> out of datasets/raw/<batch>.

    Raises:
        ValueError: clips that cannot be used, one line each.
    """
    entry = batch_entry(batch)
    raw, prepared = Path("datasets/raw") / batch, Path("datasets/prepared") / batch
    records = read_raw(raw, entry.order)
    shutil.rmtree(prepared, ignore_errors=True)  # clips of an earlier run that are no longer delivered
    rates = accepted_rates(entry.order, entry.clip.frames_per_second)
    jobs = [ClipJob(record, raw, prepared, entry.clip, rates) for record in unique(records)]
    results = list(_prepare_all(jobs, entry.preparation_processes))
    write_manifest(prepared, [record for record, _ in results])
    draw_contact_sheet(prepared, [record for record, _ in results])
    report_progress(len(jobs), len(jobs), "clips prepared, now validated")
    failures = validate(records, [facts for _, facts in results], entry.clip)
    write_validation(prepared, failures, len(jobs), folder_digest(raw))
    for failure in failures:
        print(f"invalid: {failure}", flush=True)


def read_raw(folder: Path, order: BatchOrder) -> list[ClipRecord]:
    """The records of a raw batch, from its own CSV or from its manifest.jsonl."""
    return released_csv.read_records(folder, order) if isinstance(order, ReleasedCsvBatch) else read_manifest(folder)


def accepted_rates(order: BatchOrder, frames_per_second: int) -> tuple[float, ...]:
    """What a container may say: the clip format's rate, or the wrong one that the order declares."""
    declared = order.container_frames_per_second if isinstance(order, ReleasedCsvBatch) else None
    return (float(frames_per_second), *([declared] if declared else []))


def unique(records: Iterable[ClipRecord]) -> list[ClipRecord]:
    """Every clip id once: two clips of one id would be written into one folder. Validation names the second one."""
    first: dict[str, ClipRecord] = {}
    for record in records:
        first.setdefault(record.clip_id, record)
    return list(first.values())


def _prepare_all(jobs: list[ClipJob], processes: int) -> Iterator[tuple[ClipRecord, ClipFacts]]:
    faults: list[str] = []
    with ProcessPoolExecutor(processes) as pool:
        futures = [pool.submit(prepare_clip, job) for job in jobs]
        for done, future in enumerate(futures, 1):
            try:
                yield future.result()
            except ClipError as error:
                faults.append(str(error))
            report_progress(done, len(jobs), "clips prepared")
    if faults:
        raise ValueError(f"{len(faults)} of {len(jobs)} clips cannot be used:\n" + "\n".join(faults))


if __name__ == "__main__":
    prepare_batch(sys.argv[1])
