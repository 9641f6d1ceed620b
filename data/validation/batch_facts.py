"""facts.jsonl of a prepared batch: all that was measured on it, so that it can be judged again without its media.

One line a delivered record, in the order of delivery; a clip id that was delivered twice has two lines.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from pydantic import TypeAdapter

from data.contracts import ClipRecord
from data.validation.clip_facts import ClipFacts
from data.validation.delivered_boxes import DeliveredBoxes, delivered_boxes
from foundation.json_lines import as_json, read_lines, write_lines

FACTS = "facts.jsonl"


class Measured(NamedTuple):
    """One delivered clip: what was measured on its prepared files, and its boxes as delivered."""

    facts: ClipFacts
    delivered: DeliveredBoxes


LINE = TypeAdapter(Measured)


def measured(records: Sequence[ClipRecord], facts: Iterable[ClipFacts]) -> list[Measured]:
    """Facts beside the records as delivered, clips with the same id included."""
    facts_of = {one.clip_id: one for one in facts}
    return [Measured(facts_of[record.clip_id], delivered_boxes(record)) for record in records]


def write_facts(prepared: Path, clips: Sequence[Measured]) -> None:
    """Write facts.jsonl, whole or not at all."""
    write_lines(prepared / FACTS, (as_json([asdict(facts), delivered.model_dump()]) for facts, delivered in clips))


def read_facts(prepared: Path) -> list[Measured]:
    """Everything that was measured on a prepared batch.

    Raises:
        ValueError: it was not measured, or by another version of this code.
    """
    file = prepared / FACTS
    if not file.exists():
        raise ValueError(f"{file} is missing: prepare the batch again")
    return [LINE.validate_json(line) for _, line in read_lines(file)]
