"""Who works on a batch as it is ordered now. A batch has one place in datasets/, so it is one thing at a time.

Runs that order a batch alike share it. One that orders it otherwise waits until they have ended, says for whom, and
only then has it made anew: nobody's data changes under their hands. `data.versions.dataset_version` asks before every
order; a run holds all of its batches from its beginning to its end.
"""

from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from data.versions.batch_entry import BatchEntry, is_ordered
from foundation.named_lock import held
from foundation.names import check_name

HOLDS = Path("datasets/.memory/holds")
Order = Callable[[str, BatchEntry], None]


@contextmanager
def hold_batches(
    entries: Mapping[str, BatchEntry], order: Order, who: str, on_line: Callable[[str], None]
) -> Generator[None]:
    """Have these batches ordered so, and nobody order them otherwise, until the end.

    Args:
        entries: batch -> its entry. They are taken in the order of their names, so that two runs that want the same
            ones never wait for each other.
        order: writes an entry.
        who: the holder, for those who wait.
        on_line: is told for whom this one waits.
    """
    with ExitStack() as kept:
        for batch in sorted(entries):
            kept.enter_context(_hold(batch, entries[batch], order, who, on_line))
        yield


@contextmanager
def _hold(batch: str, entry: BatchEntry, order: Order, who: str, on_line: Callable[[str], None]) -> Generator[None]:
    file = HOLDS / f"{check_name(batch)}.lock"

    def tell(line: str) -> None:
        on_line(f"{line}: works on batch {batch}, which is ordered otherwise here")

    while True:
        with held(file, who, tell, "shared"):
            if is_ordered(batch, entry):
                order(batch, entry)  # what of it decides nothing may be another
                yield
                return
        with held(file, who, tell):
            order(batch, entry)
