"""Deliver one batch: its source films it, copies the folder it comes in, or cuts its footage into annotated clips.

    python -m data.preparation.deliver_batch BATCH

Reads datasets/batches.yaml, writes datasets/raw/BATCH whole or not at all, with a delivery.json that says out of which
settings it was made. What was delivered belongs to people: they may edit it, it is never delivered over.
"""

import json
import shutil
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

from data.sources import read_batch, source_of
from data.versions.batch_entry import RAW, batch_entry
from data.versions.delivery import Delivery, check_delivered, is_delivered, write_delivery
from foundation.delivered_files import check_delivery
from foundation.failures import full_disk_named
from foundation.names import check_name
from foundation.progress import report_progress


def deliver_batch(batch: str) -> None:
    """Make datasets/raw/<batch>, or check that the one that is there was made out of these settings.

    Raises:
        ValueError: it was made out of other settings, or it cannot be delivered.
    """
    entry, folder = batch_entry(batch), RAW / batch
    config = read_batch(entry.batch_values)
    source, clip = source_of(config), entry.clip
    settings = source.settings(config, clip)
    if source.in_place:
        check_delivery(folder, config.limits)
        clips = source.deliver(config, clip, folder, entry.spread)
        if not is_delivered(folder):
            write_delivery(folder, Delivery(settings=settings, clips=clips))
    elif folder.exists():
        check_delivery(folder, config.limits)  # people may have put something into it since
        check_delivered(folder, settings)
    else:
        with full_disk_named(folder):
            partial = _workplace(batch, settings)
            clips = source.deliver(config, clip, partial, entry.spread)
            write_delivery(partial, Delivery(settings=settings, clips=clips))
        partial.rename(folder)
        report_progress(clips, clips, "clips delivered")


def _workplace(batch: str, settings: dict[str, Any]) -> Path:
    """Where the delivery grows: an interrupted one of the same settings is continued, others are removed."""
    name = f".{batch}.{sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]}.partial"
    for stale in RAW.glob(f".{batch}.*.partial"):
        if stale.name != name:
            shutil.rmtree(stale)
    (RAW / name).mkdir(parents=True, exist_ok=True)
    return RAW / name


if __name__ == "__main__":
    deliver_batch(check_name(sys.argv[1]))
