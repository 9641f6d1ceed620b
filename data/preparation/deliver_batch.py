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
from data.versions.delivery import Delivery, check_delivered, is_delivered, read_delivery, write_delivery
from foundation.delivered_files import check_delivery
from foundation.failures import full_disk_named
from foundation.names import check_name
from foundation.progress import report_progress


def deliver_batch(batch: str) -> None:
    """Make datasets/raw/<batch>, or check that the one that is there was made out of these settings.

    Raises:
        ValueError: it was made out of other settings, or it cannot be delivered: the folder that it lies in is gone.
    """
    entry, folder = batch_entry(batch), RAW / batch
    config = read_batch(entry.batch_values)
    _assert_there(batch, getattr(config, "path", None), folder)
    source, clip = source_of(config), entry.clip
    settings = source.settings(config, clip)
    if source.in_place:
        check_delivery(folder, config.limits)
        if is_delivered(folder):
            check_delivered(folder, settings)
        delivery = Delivery(settings=settings, clips=source.deliver(config, clip, folder, entry.spread))
        if not is_delivered(folder) or read_delivery(folder) != delivery:  # clips came or went since
            write_delivery(folder, delivery)
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


def _assert_there(batch: str, path: str | None, folder: Path) -> None:
    """A path that was given is a path that is there, also where its delivery was taken in before."""
    if path is None or Path(path).is_dir():
        return
    known = f"; {folder} has what was delivered from there: to go on with that, give none (path=null)"
    raise ValueError(
        f"batch {batch}: {path} is no folder (data.path): correct it, relative to the project root"
        + (known if is_delivered(folder) else "")
    )


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
