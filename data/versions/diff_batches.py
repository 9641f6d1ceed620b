"""What changed between two versions of a batch, or between two batches: clips added, removed, and changed by field.

A medium counts as changed where its bytes did, wherever the file lies; every other field where its value did.
"""

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from data.clips.manifest import MEDIA_FIELDS
from data.contracts import ClipRecord


@dataclass(frozen=True)
class BatchVersion:
    """A batch's clips and the hashes of its files, at one moment."""

    name: str
    records: list[ClipRecord]
    files: dict[str, str]  # relative path -> md5, DVC's hash of a file


class BatchDiff(NamedTuple):
    """Clip ids, and for a changed clip its fields."""

    added: list[str]
    removed: list[str]
    changed: dict[str, list[str]]
    unchanged: int

    def by_field(self) -> dict[str, int]:
        """Field -> how many clips it changed in, the most first."""
        return dict(Counter(field for fields in self.changed.values() for field in fields).most_common())


def diff_batches(old: BatchVersion, new: BatchVersion) -> BatchDiff:
    """From `old` to `new`."""
    before, after = {clip.clip_id: clip for clip in old.records}, {clip.clip_id: clip for clip in new.records}
    both = [clip_id for clip_id in after if clip_id in before]
    fields = {clip_id: _changed(old, before[clip_id], new, after[clip_id]) for clip_id in both}
    changed = {clip_id: names for clip_id, names in fields.items() if names}
    return BatchDiff(
        added=[clip_id for clip_id in after if clip_id not in before],
        removed=[clip_id for clip_id in before if clip_id not in after],
        changed=changed,
        unchanged=len(both) - len(changed),
    )


def _changed(old: BatchVersion, was: ClipRecord, new: BatchVersion, now: ClipRecord) -> list[str]:
    return [field for field in ClipRecord.model_fields if _value(old, was, field) != _value(new, now, field)]


def _value(version: BatchVersion, record: ClipRecord, field: str) -> object:
    value = getattr(record, field)
    return version.files.get(value, f"missing {value}") if field in MEDIA_FIELDS and value else value
