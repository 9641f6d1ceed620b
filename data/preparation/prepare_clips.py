"""Raw batch -> prepared batch: every clip in the one format, its boxes moved with its pixels, then validated.

    python -m data.preparation.prepare_clips BATCH

Reads datasets/batches.yaml and datasets/raw/BATCH, writes datasets/prepared/BATCH (a DVC stage). A clip that cannot be
used at all (unreadable, wrong rate, too short) ends it with an error that names them all; a clip that breaks a rule is
written, so that people can look at it, and makes validation.json say `"valid": false`, which nothing below accepts.
"""

import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from data.clips.contact_sheet import draw_contact_sheet
from data.clips.manifest import write_manifest
from data.contracts import ClipRecord
from data.preparation.prepare_clip import ClipJob
from data.preparation.prepared_memory import PreparedMemory, prepare_and_hash
from data.sources import read_batch, source_of
from data.validation.batch_facts import measured, write_facts
from data.validation.clip_facts import ClipFacts
from data.validation.expectations import validate
from data.validation.page import Judgement, write_page
from data.validation.verdict import verdict, write_validation
from data.versions.batch_entry import RAW, BatchEntry, batch_entry, batch_of_stage
from data.versions.batch_receipts import PREPARED
from data.versions.withdrawals import read_withdrawals, without_withdrawn
from foundation.digests import digest_of, file_digests
from foundation.failures import ClipError
from foundation.map_items import Spread, map_items
from foundation.names import warnings_of
from foundation.progress import report_progress


def prepare_batch(batch: str) -> None:
    """Make datasets/prepared/<batch> out of datasets/raw/<batch>.

    Raises:
        ValueError: clips that cannot be used, one line each; or somebody wrote to the raw batch meanwhile.
    """
    entry = batch_entry(batch)
    raw, prepared = RAW / batch, PREPARED / batch
    before = file_digests(raw)
    records = without_withdrawn(read_raw(raw, entry), batch)
    for line in _warnings(records):
        print(line, flush=True)
    jobs = clip_jobs(records, raw, prepared, entry)
    memory = PreparedMemory(raw, prepared)
    results = _prepare_all(jobs, memory, entry.spread)
    if changed := _changed(before, file_digests(raw)):
        memory.forget_others([])
        raise ValueError(
            f"{', '.join(changed[:5])} changed in {raw} while it was prepared: wait until nobody writes there, and "
            "prepare it again"
        )
    write_manifest(prepared, [record for record, _ in results])
    draw_contact_sheet(prepared, [record for record, _ in results])
    report_progress(len(jobs), len(jobs), "clips prepared, now validated")
    clips = measured(records, [facts for _, facts in results])
    write_facts(prepared, clips)
    judged = validate(clips, entry.clip, entry.validation)
    result = verdict(judged.failures, entry.validation.accepted_defects)
    write_validation(prepared, result, len(jobs), digest_of(before))
    prepared_records = [record for record, _ in results]
    write_page(prepared, prepared, Judgement(batch, prepared_records, result, judged.observed))
    for line in (*(f"invalid: {fault}" for fault in result.failures), *(f"note: {line}" for line in result.no_longer)):
        print(line, flush=True)


def _warnings(records: Sequence[ClipRecord]) -> list[str]:
    """Ids of one batch, and of persons who withdrew, that may be meant as one."""
    people, products = ({getattr(record, field) for record in records} for field in ("person_id", "product_id"))
    withdrawn = {withdrawal.person_id for withdrawal in read_withdrawals()}
    return [*warnings_of("person_id", people | withdrawn), *warnings_of("product_id", products)]


def _changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Files that came, went or became others."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def read_raw(folder: Path, entry: BatchEntry) -> list[ClipRecord]:
    """The records of a raw batch, as its source reads them."""
    config = read_batch(entry.batch_values)
    return source_of(config).read_records(folder, config)


def clip_jobs(records: Iterable[ClipRecord], raw: Path, prepared: Path, entry: BatchEntry) -> list[ClipJob]:
    """The work on a raw batch, every clip id once."""
    config = read_batch(entry.batch_values)
    rates = source_of(config).frame_rates(config, entry.clip)
    return [ClipJob(record, raw, prepared, entry.clip, rates, config.limits) for record in unique(records)]


def unique(records: Iterable[ClipRecord]) -> list[ClipRecord]:
    """Every clip id once: two clips of one id would be written into one folder. Validation names the second one."""
    first: dict[str, ClipRecord] = {}
    for record in records:
        first.setdefault(record.clip_id, record)
    return list(first.values())


def _prepare_all(jobs: list[ClipJob], memory: PreparedMemory, spread: Spread) -> list[tuple[ClipRecord, ClipFacts]]:
    """Every clip in the jobs' order; only those are worked on that are not there yet as they must be."""
    done = {job.record.clip_id: kept for job in jobs if (kept := memory.recall(job))}
    missing = [job for job in jobs if job.record.clip_id not in done]
    _clear(jobs[0].prepared, kept=set(done))
    faults: list[str] = []
    for number, (job, result) in enumerate(zip(missing, map_items(prepare_and_hash, missing, spread), strict=True), 1):
        if isinstance(result, ClipError):
            faults.append(str(result))
        else:
            memory.keep(job, result)
            done[job.record.clip_id] = result
        report_progress(len(jobs) - len(missing) + number, len(jobs), "clips prepared")
    if faults:
        raise ValueError(f"{len(faults)} of {len(jobs)} clips cannot be used:\n" + "\n".join(faults))
    memory.forget_others(jobs)
    return [(done[job.record.clip_id].record, done[job.record.clip_id].facts) for job in jobs]


def _clear(prepared: Path, kept: set[str]) -> None:
    """Remove what an earlier run left, the clips aside that stay as they are."""
    for left in prepared.glob("*"):
        if left.name != "clips":
            shutil.rmtree(left) if left.is_dir() else left.unlink()
    for folder in prepared.glob("clips/*"):
        if folder.name not in kept:
            shutil.rmtree(folder)


if __name__ == "__main__":
    prepare_batch(batch_of_stage(sys.argv[1]))
