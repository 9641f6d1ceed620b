"""Deliver one batch: film it in the studio, copy the folder it comes in, or cut its footage into annotated clips.

    python -m data.sources.deliver_batch BATCH

Reads datasets/batches.yaml, writes datasets/raw/BATCH whole or not at all, with a delivery.json that says out of which
settings it was made. What was delivered belongs to people: they may edit it, it is never delivered over.
"""

import json
import shutil
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

from data.clips.manifest import read_manifest
from data.config import ArrivedBatch, RawVideoBatch, ReleasedCsvBatch, StudioBatch
from data.sources.copy_delivery import delivered_files
from data.sources.raw_video import delivery as raw_video
from data.sources.raw_video.speech import tool as speech_tool
from data.sources.released_csv import records as released_csv
from data.sources.studio import delivery as studio
from data.versions.batch_receipts import DELIVERY, RAW, BatchEntry, batch_entry
from foundation.digests import files_digest
from foundation.failures import full_disk_named
from foundation.progress import report_progress
from foundation.run_folder import write_whole


def deliver_batch(batch: str) -> None:
    """Make datasets/raw/<batch>, or check that the one that is there was made out of these settings.

    Raises:
        ValueError: it was made out of other settings, or it cannot be delivered.
    """
    entry, folder = batch_entry(batch), RAW / batch
    if isinstance(entry.order, ArrivedBatch):
        return accept_arrival(folder)
    settings = delivery_settings(entry)
    if folder.exists():
        return check_delivered(folder, settings)
    with full_disk_named(folder):
        partial = _workplace(batch, settings)
        clips = _deliver(entry, partial)
        write_whole(partial / DELIVERY, json.dumps({"settings": settings, "clips": clips}, indent=1))
    partial.rename(folder)
    return report_progress(clips, clips, "clips delivered")


def accept_arrival(folder: Path) -> None:
    """Sign for a folder that somebody put into datasets/raw.

    Raises:
        ValueError: it has no manifest, or a line of it is no clip.
    """
    clips = len(read_manifest(folder))
    if not (folder / DELIVERY).exists():
        write_whole(folder / DELIVERY, json.dumps({"settings": {"source": "arrived"}, "clips": clips}, indent=1))


def delivery_settings(entry: BatchEntry) -> dict[str, Any]:
    """What decides the bytes of a delivery. How a CSV is read does not: that may change without a new delivery."""
    if isinstance(entry.order, ReleasedCsvBatch):
        return {"source": entry.order.source, "csv": entry.order.csv, "delivery_digest": _source_digest(entry.order)}
    clip = entry.clip.model_dump(exclude={"lossless"})
    if isinstance(entry.order, RawVideoBatch):
        order = entry.order.model_dump(exclude={"path"})
        return {**order, "clip": clip, "speech": speech_tool(), "delivery_digest": _source_digest(entry.order)}
    return {**entry.order.model_dump(), "clip": clip}


def check_delivered(folder: Path, settings: dict[str, Any]) -> None:
    """Raise where a raw folder was made out of other settings.

    Raises:
        ValueError: names each setting that differs, and the fix.
    """
    file = folder / DELIVERY
    if not file.exists():
        raise ValueError(f"{file} is missing: delete {folder} and deliver it again")
    found = json.loads(file.read_text())["settings"]
    keys = sorted(found.keys() | settings.keys())
    differences = [
        f"{key} {found.get(key)!r} -> {settings.get(key)!r}"
        for key in keys
        if found.get(key) != settings.get(key)
        and (key != "delivery_digest" or settings.get(key))  # the folder it came from may be gone
    ]
    if differences:
        raise ValueError(
            f"batch {folder.name} was delivered with other settings ({'; '.join(differences)}): "
            f"name a new batch in conf/data, or delete {folder}"
        )


def _deliver(entry: BatchEntry, folder: Path) -> int:
    if isinstance(entry.order, ReleasedCsvBatch):
        return released_csv.deliver(entry.order, folder)
    if isinstance(entry.order, RawVideoBatch):
        return raw_video.deliver(entry.order, entry.clip, folder, entry.spread)
    assert isinstance(entry.order, StudioBatch)
    studio.deliver(entry.order, entry.clip, folder, entry.preparation_processes)
    return entry.order.clips


def _workplace(batch: str, settings: dict[str, Any]) -> Path:
    """Where the delivery grows: an interrupted one of the same settings is continued, others are cleared away."""
    name = f".{batch}.{sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]}.partial"
    for stale in RAW.glob(f".{batch}.*.partial"):
        if stale.name != name:
            shutil.rmtree(stale)
    (RAW / name).mkdir(parents=True, exist_ok=True)
    return RAW / name


def _source_digest(order: ReleasedCsvBatch | RawVideoBatch) -> str | None:
    source = Path(order.path) if order.path else None
    return files_digest(source, delivered_files(source)) if source and source.is_dir() else None


if __name__ == "__main__":
    deliver_batch(sys.argv[1])
