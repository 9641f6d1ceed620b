"""Judge a batch again, without touching it: a prepared one by what was measured on it, a raw one by preparing it aside.

A prepared batch whose files are not the ones that were judged is measured anew. Of a raw batch every clip is prepared
in a folder of its own that is removed afterwards, so that clips which cannot be used at all are named beside those that
break a rule; which of them are set aside is decided as preparation does. The page goes to runs/validation/<batch>/.
"""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from data.clips.manifest import read_manifest
from data.contracts import ClipRecord
from data.preparation.detect_boxes import detect_boxes
from data.preparation.prepare_clip import prepare_clip
from data.preparation.prepare_clips import clip_jobs, read_raw
from data.validation.batch_facts import FACTS, Measured, measured, read_facts
from data.validation.clip_facts import ClipFacts, measure
from data.validation.expectations import Judged, validate
from data.validation.page import Judgement, write_page
from data.validation.quarantine import sort_out
from data.validation.verdict import Verdict
from data.versions.batch_entry import RAW, BatchEntry
from data.versions.batch_receipts import PREPARED, changed_files, read_validation
from foundation.failures import ClipError, Failure, refuse
from foundation.map_items import map_items

PAGES = Path("runs/validation")
AGAIN = "prepare the batch again"


class Report(NamedTuple):
    """The result of validating a batch now."""

    verdict: Verdict
    clips: int  # that are in the batch, or were looked at where it is refused
    page: Path
    before: dict[str, list[str]]  # clips that were set aside when the batch was prepared -> their faults


class _Seen(NamedTuple):
    """What there is to judge."""

    clips: list[Measured]
    records: list[ClipRecord]  # prepared, for the page
    faults: list[Failure]  # found before any rule
    before: dict[str, list[str]]  # set aside when the batch was prepared


def validate_batch(batch: str, entry: BatchEntry, raw: bool = False, looked_at: int = 0) -> Report:
    """Judge a batch by the entry's format and thresholds.

    Args:
        batch: a prepared batch, or one that lies in datasets/raw only.
        entry: its source, format, thresholds.
        raw: judge what was delivered, even where the batch is prepared.
        looked_at: so many of the delivered clips, spread over the batch, are looked at by the offline detector.

    Raises:
        ValueError: there is no such batch, or its manifest cannot be read.
    """
    if not raw and (PREPARED / batch / FACTS).exists():
        prepared = PREPARED / batch
        return _judge(batch, entry, prepared, _prepared(prepared, entry), looked_at)
    with tempfile.TemporaryDirectory(prefix="graspline_") as aside:
        return _judge(batch, entry, Path(aside), _delivered(batch, entry, Path(aside)), looked_at)


def _judge(batch: str, entry: BatchEntry, prepared: Path, seen: _Seen, looked_at: int) -> Report:
    detected = detect_boxes(batch, entry, looked_at) if looked_at else {}
    thresholds = entry.validation

    def judge(clips: Sequence[Measured]) -> Judged:
        return validate(clips, entry.clip, thresholds, detected)

    result = sort_out(seen.clips, judge, thresholds, seen.faults, detector_ran=bool(detected))
    folder = PAGES / batch
    folder.mkdir(parents=True, exist_ok=True)
    page = write_page(folder, prepared, Judgement(batch, seen.records, result.verdict, result.observed))
    return Report(result.verdict, len(result.kept), page, seen.before)


def _prepared(prepared: Path, entry: BatchEntry) -> _Seen:
    """A prepared batch: its facts, or new ones where its files changed since."""
    records, before, validation = read_manifest(prepared), read_facts(prepared), read_validation(prepared)
    changed = [_changed(name) for name in changed_files(prepared, validation)]
    if not changed:
        return _Seen(before, records, [], validation.set_aside)
    results = list(map_items(_measure_again, [(prepared, record) for record in records], entry.spread))
    faults = [result.failure for result in results if isinstance(result, ClipError)]
    facts = {result.clip_id: result for result in results if not isinstance(result, ClipError)}
    clips = [Measured(facts[old.facts.clip_id], old.delivered) for old in before if old.facts.clip_id in facts]
    readable = [record for record in records if record.clip_id in facts]
    return _Seen(clips, readable, [*changed, *_altered(before, facts), *faults], validation.set_aside)


def _measure_again(job: tuple[Path, ClipRecord]) -> ClipFacts:
    prepared, record = job
    try:
        return measure(prepared, record)
    except ValueError as error:
        raise refuse(record.clip_id, "video", error, "the prepared files can be read", AGAIN) from error


def _altered(before: Sequence[Measured], facts: Mapping[str, ClipFacts]) -> list[Failure]:
    """Clips whose facts are not the ones that were judged, with the first fact that differs."""
    failures: list[Failure] = []
    for old in (clip.facts for clip in before if clip.facts.clip_id in facts):
        new = vars(facts[old.clip_id])
        differs = [name for name, value in vars(old).items() if new[name] != value]
        if differs:
            value = f"{differs[0]} was {vars(old)[differs[0]]}, is {new[differs[0]]}"
            failures.append(Failure(old.clip_id, "files", value[:200], "as they were when they were judged", AGAIN))
    return failures


def _changed(name: str) -> Failure:
    return Failure("(batch)", name, "changed", "as it was when it was judged", AGAIN)


def _delivered(batch: str, entry: BatchEntry, aside: Path) -> _Seen:
    """A raw batch, prepared aside."""
    folder = RAW / batch
    if not folder.is_dir():
        raise ValueError(f"there is no batch {batch}: neither {PREPARED / batch} nor {folder} is there")
    records, unreadable = read_raw(folder, entry)
    results = list(map_items(prepare_clip, clip_jobs(records, folder, aside, entry), entry.spread))
    faults = [*unreadable, *(result.failure for result in results if isinstance(result, ClipError))]
    prepared = [result for result in results if not isinstance(result, ClipError)]
    facts = {one.clip_id: one for _, one in prepared}
    clips = measured([record for record in records if record.clip_id in facts], facts.values())
    return _Seen(clips, [record for record, _ in prepared], faults, before={})
