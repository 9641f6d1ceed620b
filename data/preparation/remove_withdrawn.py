"""Take the bytes of withdrawn clips out of this checkout: raw, prepared, encoded, and what is remembered of them.

Afterwards the prepared and encoded folders concerned are unfinished on purpose, so that nobody uses them: the next run
makes them without the clips that went. Versions that were committed before hold the bytes in DVC's cache and remotes
until `dvc gc` removes them there.
"""

import shutil
from pathlib import Path
from typing import NamedTuple

from data.clips.manifest import MEDIA_FIELDS, NAME, inside, read_manifest, write_manifest
from data.contracts import ClipRecord
from data.preparation.prepared_memory import forget_batch, forget_clips
from data.sources import read_batch, source_of
from data.versions.batch_entry import RAW, batch_entry, known_batches
from data.versions.batch_receipts import PREPARED
from data.versions.encoded_index import ENCODED, INDEX, read_clips
from data.versions.withdrawals import Withdrawal


class Removed(NamedTuple):
    """What went of one batch."""

    clips: list[str]
    whole: bool  # the whole batch was theirs and is gone
    footage: list[str]  # long films the clips may have been cut from: people have to look


def remove_withdrawn(withdrawal: Withdrawal) -> dict[str, Removed]:
    """Remove every clip that the withdrawal covers; batch -> what went, for the batches concerned."""
    removed = {name: _remove_from(name, withdrawal) for name in _batches()}
    return {name: what for name, what in removed.items() if what.clips or what.whole}


def persons() -> set[str]:
    """The id of every person in this checkout."""
    found: set[str] = set()
    for name in _batches():
        shown = _shown(name)
        records = [record for place in (RAW, PREPARED) for record in read_manifest(place / name, allow_none=True)]
        clips = read_clips(ENCODED / name) if (ENCODED / name / INDEX).exists() else {}
        found |= {*(shown or ())[:1], *(one.person_id for one in (*records, *clips.values()))}
    return found


def _batches() -> list[str]:
    """Every folder, also one that has no name for a batch: what lies in it goes, too."""
    names = {folder.name for place in (RAW, PREPARED, ENCODED) for folder in place.glob("*") if folder.is_dir()}
    return sorted(name for name in names if not name.startswith("."))


def _remove_from(batch: str, withdrawal: Withdrawal) -> Removed:
    shown = _shown(batch)
    if shown and withdrawal.covers(*shown):
        for place in (RAW, PREPARED, ENCODED):
            shutil.rmtree(place / batch, ignore_errors=True)
        forget_batch(batch)
        return Removed([], whole=True, footage=[])
    raw = _from_raw(batch, withdrawal)
    clips = {*raw, *_from_prepared(batch, withdrawal, shown=bool(raw)), *_from_encoded(batch, withdrawal)}
    if clips:
        forget_clips(batch, clips)
    footage = sorted(str(file) for file in (RAW / batch / "footage").rglob("*") if file.is_file()) if clips else []
    return Removed(sorted(clips), whole=False, footage=footage)


def _shown(batch: str) -> tuple[str, str] | None:
    """Person and product, where the whole batch shows one with one."""
    if batch not in known_batches():
        return None
    config = read_batch(batch_entry(batch).batch_values)
    return source_of(config).shown(config)


def _from_raw(batch: str, withdrawal: Withdrawal) -> list[str]:
    return _from_manifest(RAW / batch, withdrawal)


def _from_prepared(batch: str, withdrawal: Withdrawal, shown: bool) -> list[str]:
    """`shown`: the page may show them though they are not in the batch, because they were set aside."""
    gone = _from_manifest(PREPARED / batch, withdrawal)
    if (gone or shown) and (
        PREPARED / batch
    ).is_dir():  # what shows or counts them all; without validation.json nobody uses the folder
        for file in (PREPARED / batch).iterdir():
            if file.is_file() and file.name != NAME:
                file.unlink()
    return gone


def _from_manifest(folder: Path, withdrawal: Withdrawal) -> list[str]:
    """Drop the lines and the files of the withdrawn clips; a file that another clip names too stays."""
    records = read_manifest(folder, allow_none=True)
    gone = [record for record in records if withdrawal.covers(record.person_id, record.product_id)]
    if not gone:
        return []
    kept = [record for record in records if record not in gone]
    for path in _media(folder, gone) - _media(folder, kept):
        path.unlink(missing_ok=True)
        if path.parent != folder and not any(path.parent.iterdir()):
            path.parent.rmdir()
    write_manifest(folder, kept)
    return [record.clip_id for record in gone]


def _media(folder: Path, records: list[ClipRecord]) -> set[Path]:
    names = [getattr(record, field) for record in records for field in MEDIA_FIELDS]
    paths = [inside(folder, name) for name in names if name]
    return {path.resolve() for path in paths if path is not None and path.exists()}


def _from_encoded(batch: str, withdrawal: Withdrawal) -> list[str]:
    """Remove the shards they are in, and the index; the other clips of those shards are encoded once more."""
    folder = ENCODED / batch
    clips = read_clips(folder) if (folder / INDEX).exists() else {}
    gone = {name: clip for name, clip in clips.items() if withdrawal.covers(clip.person_id, clip.product_id)}
    for shard in {shard for clip in gone.values() for shard in clip.shards.values()}:
        (folder / shard).unlink(missing_ok=True)
    if gone:
        (folder / INDEX).unlink()
    return list(gone)
