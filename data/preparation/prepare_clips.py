"""Raw batch -> prepared batch: every clip in the one format, its boxes moved with its pixels, then validated.

    python -m data.preparation.prepare_clips BATCH

Reads datasets/batches.yaml and datasets/raw/BATCH, writes datasets/prepared/BATCH (a DVC stage). A clip that cannot be
used (unreadable, wrong rate, too short) or breaks a rule is set aside with its faults, and the others are the batch, as
far as `data.validation.quarantine` lets it. Else a clip that cannot be used ends it with an error that names them all,
and one that breaks a rule is written, so that people can look at it, and makes validation.json say `"valid": false`,
which nothing below accepts.
"""

import shutil
import sys
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from data.clips.contact_sheet import draw_contact_sheet
from data.clips.manifest import write_manifest
from data.contracts import ClipRecord
from data.preparation.prepare_clip import ClipJob
from data.preparation.prepared_memory import Done, PreparedMemory, prepare_and_hash
from data.sources import read_batch, source_of
from data.validation.batch_facts import measured, write_facts
from data.validation.expectations import validate
from data.validation.page import Judgement, write_page
from data.validation.quarantine import SortedOut, counted, sort_out, too_few
from data.validation.verdict import Verdict, write_validation
from data.versions.batch_entry import RAW, BatchEntry, batch_entry, batch_of_stage
from data.versions.batch_receipts import PREPARED
from data.versions.withdrawals import read_withdrawals, without_withdrawn
from foundation.digests import digest_of, file_digests
from foundation.failures import ClipError, Failure
from foundation.map_items import Spread, map_items
from foundation.names import warnings_of
from foundation.progress import report_progress


def prepare_batch(batch: str) -> None:
    """Make datasets/prepared/<batch> out of datasets/raw/<batch>.

    Raises:
        ValueError: too many clips cannot be used, one line each; or somebody wrote to the raw batch meanwhile.
    """
    entry = batch_entry(batch)
    raw, prepared = RAW / batch, PREPARED / batch
    before = file_digests(raw)
    read, unreadable = read_raw(raw, entry)
    records = without_withdrawn(read, batch)
    for line in _warnings(records):
        print(line, flush=True)
    jobs = clip_jobs(records, raw, prepared, entry)
    memory = PreparedMemory(raw, prepared)
    done, faults = _prepare_all(jobs, memory, prepared, entry.spread)
    faults = [*unreadable, *faults]
    _assert_enough(len(done), faults, entry)
    memory.forget_others(jobs)
    if changed := _changed(before, file_digests(raw)):
        memory.forget_others([])
        raise ValueError(
            f"{', '.join(changed[:5])} changed in {raw} while it was prepared: wait until nobody writes there, and "
            "prepare it again"
        )
    report_progress(len(jobs), len(jobs), "clips prepared, now validated")
    result = _judge(prepared, [record for record in records if record.clip_id in done], done, faults, entry)
    kept = prepared_records(done, jobs, result.kept)
    write_manifest(prepared, kept)
    draw_contact_sheet(prepared, kept, counted(result.verdict.set_aside))
    page = Judgement(batch, prepared_records(done, jobs, list(done)), result.verdict, result.observed)
    write_page(prepared, prepared, page)
    _clear_clips(prepared, kept=set(result.kept))
    write_validation(prepared, result.verdict, len(kept), digest_of(before))
    for line in told(result.verdict):
        print(line, flush=True)


def _warnings(records: Sequence[ClipRecord]) -> list[str]:
    """Ids of one batch, and of persons who withdrew, that may be meant as one."""
    people, products = ({getattr(record, field) for record in records} for field in ("person_id", "product_id"))
    withdrawn = {withdrawal.person_id for withdrawal in read_withdrawals()}
    return [*warnings_of("person_id", people | withdrawn), *warnings_of("product_id", products)]


def _judge(
    prepared: Path, records: list[ClipRecord], done: dict[str, Done], faults: list[Failure], entry: BatchEntry
) -> SortedOut:
    """Apply the rules, set aside what the policy says, and write down what was measured on the clips that stay."""
    clips = measured(records, [one.facts for one in done.values()])
    result = sort_out(clips, lambda left: validate(left, entry.clip, entry.validation), entry.validation, faults)
    write_facts(prepared, [clip for clip in clips if clip.facts.clip_id in set(result.kept)])
    return result


def told(verdict: Verdict) -> list[str]:
    """What the step prints of a verdict."""
    return [
        *(f"invalid: {fault}" for fault in verdict.failures),
        *(f"set aside: {fault}" for fault in verdict.set_aside),
        *(f"note: {line}" for line in verdict.no_longer),
    ]


def prepared_records(done: dict[str, Done], jobs: list[ClipJob], kept: Collection[str]) -> list[ClipRecord]:
    """The prepared records of these clips, in the batch's order."""
    there = set(kept)
    return [done[job.record.clip_id].record for job in jobs if job.record.clip_id in there]


def _assert_enough(usable: int, faults: list[Failure], entry: BatchEntry) -> None:
    delivered = usable + len(faults)
    least = entry.validation.quarantine.least(delivered)
    if usable < least or usable == 0:
        lines = [f"{len(faults)} of {delivered} clips cannot be used:", *map(str, faults)]
        if entry.validation.quarantine.policy == "quarantine":
            lines.append(str(too_few(usable, delivered, least)))
        raise ValueError("\n".join(lines))


def _changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Files that came, went or became others."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def read_raw(folder: Path, entry: BatchEntry) -> tuple[list[ClipRecord], list[Failure]]:
    """The records of a raw batch, as its source reads them, and why others cannot be read."""
    config = read_batch(entry.batch_values)
    read = source_of(config).read_records(folder, config)
    return (
        [record for record in read if not isinstance(record, ClipError)],
        [record.failure for record in read if isinstance(record, ClipError)],
    )


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


def _prepare_all(
    jobs: list[ClipJob], memory: PreparedMemory, prepared: Path, spread: Spread
) -> tuple[dict[str, Done], list[Failure]]:
    """Every clip that can be used, and why others cannot. What is there as it must be is not worked on again."""
    done = {job.record.clip_id: kept for job in jobs if (kept := memory.recall(job))}
    missing = [job for job in jobs if job.record.clip_id not in done]
    _clear(prepared, kept=set(done))
    faults: list[Failure] = []
    for number, (job, result) in enumerate(zip(missing, map_items(prepare_and_hash, missing, spread), strict=True), 1):
        if isinstance(result, ClipError):
            faults.append(result.failure)
        else:
            memory.keep(job, result)
            done[job.record.clip_id] = result
        report_progress(len(jobs) - len(missing) + number, len(jobs), "clips prepared")
    return done, faults


def _clear(prepared: Path, kept: set[str]) -> None:
    """Remove what an earlier run left, the clips aside that stay as they are."""
    for left in prepared.glob("*"):
        if left.name != "clips":
            shutil.rmtree(left) if left.is_dir() else left.unlink()
    _clear_clips(prepared, kept)


def _clear_clips(prepared: Path, kept: set[str]) -> None:
    for folder in prepared.glob("clips/*"):
        if folder.name not in kept:
            shutil.rmtree(folder)


if __name__ == "__main__":
    prepare_batch(batch_of_stage(sys.argv[1]))
