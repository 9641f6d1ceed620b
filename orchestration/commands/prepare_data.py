"""`graspline data prepare`: one delivery, from its source to a validated, versioned batch, and what came of it.

    graspline data prepare source=raw_video path=FOLDER batch=march

The same assets as `graspline run` materialises, only the first two of them.
"""

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from data.contracts import PreparedBatch
from data.sources import read_batch, source_of
from data.versions.batch_entry import RAW, batch_entry
from data.versions.batch_receipts import PREPARED, is_validated, prepared_receipt, raw_receipt
from orchestration.commands.prepare_request import PrepareRequest
from orchestration.commands.run_pipeline import StepFailedError, open_pipeline
from orchestration.commands.summary import print_set_aside
from orchestration.configuration.load_config import load_sections
from orchestration.steps.retraining import begin_retraining
from orchestration.steps.step import Display

SHOWN = 20  # failures


def prepare_batches(request: PrepareRequest, display: Display) -> list[PreparedBatch]:
    """Deliver, prepare and validate; a batch that is not valid does not keep the others waiting.

    Raises:
        StepFailedError: a batch could not be delivered or prepared at all.
    """
    load_sections(request.overrides)
    pipeline = open_pipeline(begin_retraining(request.overrides), request.batches, display)
    for batch in request.batches:
        try:
            pipeline.prepare(batch)
        except StepFailedError:
            if _refused(batch) is None:
                raise
    return [prepared_receipt(batch) for batch in request.batches]


def print_prepared(console: Console, made: list[PreparedBatch]) -> None:
    """A line a batch, and what validation has against it.

    Raises:
        ValueError: a batch is not valid.
    """
    table = Table(
        "batch", "clips kept", "set aside", "stretches rejected", "validation", "look at", box=None, header_style="dim"
    )
    rejected = {batch.batch: _rejected(batch.batch) for batch in made}
    for batch in made:
        verdict = "[green]valid[/]" if batch.valid else f"[red]{len(batch.failures)} failures[/]"
        numbers = (str(batch.clips), str(len(batch.set_aside)), rejected[batch.batch][0])
        table.add_row(batch.batch, *numbers, verdict, batch.contact_sheet)
    console.print(table)
    print_set_aside(console, made)
    for batch in made:
        for failure in batch.failures[:SHOWN]:
            console.print(f"[red]✗[/] {escape(failure)}", soft_wrap=True, highlight=False)
        if len(batch.failures) > SHOWN:
            console.print(f"  and {len(batch.failures) - SHOWN} more: {batch.folder}/validation.json")
        if file := rejected[batch.batch][1]:
            console.print(f"why a stretch became no clip: {file}", soft_wrap=True)
    if bad := [batch.batch for batch in made if not batch.valid]:
        raise ValueError(
            f"{', '.join(bad)} failed validation and will not be trained on: mend "
            f"{', '.join(str(RAW / name) for name in bad)} as the failures say, and run this again"
        )


def _rejected(batch: str) -> tuple[str, Path | None]:
    """What of a delivery became no clip, as its source tells it."""
    return source_of(read_batch(batch_entry(batch).batch_values)).rejected(RAW / batch)


def _refused(batch: str) -> PreparedBatch | None:
    """The receipt of a batch that validation refused, made from what is delivered now; None: it stopped before."""
    if not is_validated(PREPARED / batch):
        return None
    receipt = prepared_receipt(batch)
    return None if receipt.valid or receipt.raw_digest != raw_receipt(batch).digest else receipt
