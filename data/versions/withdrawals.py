"""Who withdrew their consent: datasets/withdrawals.jsonl, committed, only ever appended to.

Preparation reads it, so nothing of theirs is prepared, encoded or trained on again, in whatever batch or delivery it
comes; where a training set is put together it is asked once more. Small: everything that reads clips may import it.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from data.contracts import ClipRecord
from foundation.json_lines import read_json_lines, write_lines
from foundation.names import WrittenIdentity

FILE = Path("datasets/withdrawals.jsonl")


class Withdrawal(BaseModel, frozen=True, extra="forbid"):
    """One line: a person, or one person with one product."""

    person_id: WrittenIdentity
    product_id: WrittenIdentity | None = None  # None: whatever they hold
    withdrawn: date
    actor: str
    reason: str

    def covers(self, person_id: str, product_id: str) -> bool:
        """Whether a clip of this person with this product must go."""
        return self.person_id == person_id and self.product_id in (None, product_id)


def read_withdrawals() -> list[Withdrawal]:
    """Every withdrawal there ever was.

    Raises:
        ValueError: a line is none: nothing is prepared or trained on until somebody mended it.
    """
    return [_read_line(number, values) for number, values in read_json_lines(FILE)]


def add_withdrawal(withdrawal: Withdrawal) -> None:
    """Append a line, where the same is not there already."""
    existing = read_withdrawals()
    if not any((old.person_id, old.product_id) == (withdrawal.person_id, withdrawal.product_id) for old in existing):
        write_lines(FILE, [line.model_dump_json() for line in [*existing, withdrawal]])


def is_withdrawn(person_id: str, product_id: str, withdrawals: Iterable[Withdrawal]) -> bool:
    """Whether any withdrawal covers a clip of this person with this product."""
    return any(withdrawal.covers(person_id, product_id) for withdrawal in withdrawals)


def without_withdrawn(records: Sequence[ClipRecord], batch: str) -> list[ClipRecord]:
    """The clips that may be used.

    Raises:
        ValueError: none is left.
    """
    withdrawals = read_withdrawals()
    kept = [record for record in records if not is_withdrawn(record.person_id, record.product_id, withdrawals)]
    if records and not kept:
        raise ValueError(
            f"every clip of batch {batch} is withdrawn ({FILE}): take the batch out of data.train_batches and "
            "data.held_out_batches"
        )
    return kept


def _read_line(number: int, values: Any) -> Withdrawal:
    try:
        return Withdrawal.model_validate(values)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise ValueError(f"{FILE} line {number} is no withdrawal ({faults}): mend the line") from error
