"""`graspline data diff`: read two versions of a batch, say what changed between them.

A version is BATCH, as it lies in datasets/ now, or BATCH@REVISION, as a git revision recorded it: the bytes come from
DVC's cache or its remote, the checkout stays as it is.
"""

from rich.console import Console
from rich.markup import escape

from data.versions import dataset_version
from data.versions.diff_batches import BatchDiff, BatchVersion, diff_batches
from foundation.names import check_name

SHOWN = 20  # clips listed one by one


def diff_and_print(console: Console, old: str, new: str, kind: str) -> None:
    """Compare two versions of raw or prepared batches.

    Raises:
        ValueError: there is no such batch or revision, or its bytes are neither here nor in the remote.
    """
    before, after = (_version(name, kind) for name in (old, new))
    print_diff(console, before, after, diff_batches(before, after))


def print_diff(console: Console, before: BatchVersion, after: BatchVersion, found: BatchDiff) -> None:
    """Numbers first, then the clips."""
    fields = ", ".join(f"{field} in {count}" for field, count in found.by_field().items())
    console.print(escape(f"{before.name} ({len(before.records)} clips) -> {after.name} ({len(after.records)} clips)"))
    console.print(f"added {len(found.added)}{_listed(found.added)}")
    console.print(f"removed {len(found.removed)}{_listed(found.removed)}")
    console.print(f"changed {len(found.changed)}" + (f": {fields}" if fields else ""))
    for clip_id, changed in list(found.changed.items())[:SHOWN]:
        console.print(f"  {clip_id}: {', '.join(changed)}")
    if len(found.changed) > SHOWN:
        console.print(f"  ... and {len(found.changed) - SHOWN} more")
    console.print(f"unchanged {found.unchanged}")


def _listed(clips: list[str]) -> str:
    more = f" ... and {len(clips) - SHOWN} more" if len(clips) > SHOWN else ""
    return f": {', '.join(clips[:SHOWN])}{more}" if clips else ""


def _version(name: str, kind: str) -> BatchVersion:
    batch, _, revision = name.partition("@")
    folder = f"datasets/{kind}/{check_name(batch)}"
    return dataset_version.read_version(name, folder, revision or None)
