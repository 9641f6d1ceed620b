"""`graspline data validate`: judge a batch again and say what is wrong with it, clip by clip."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from data.preparation.validate_batch import Report, validate_batch
from data.sources.arrived import ArrivedBatch
from data.versions.batch_entry import BatchEntry, batch_entry, known_batches
from foundation.failures import Failure
from foundation.names import check_name
from orchestration.configuration.load_config import load_sections

ROWS = 200  # faults shown on the screen; the page has more, validation.json all


def validate_and_print(console: Console, batch: str, overrides: Sequence[str], raw: bool, detector: int) -> bool:
    """Judge the batch, print what is wrong. Gives whether it is valid.

    Raises:
        ValueError: there is no such batch, or it has no name for one.
    """
    check_name(batch)
    with console.status(f"judging {batch}"):
        report = validate_batch(batch, entry_of(batch, overrides), raw, detector)
    print_report(console, batch, report)
    return report.verdict.valid


def entry_of(batch: str, overrides: Sequence[str]) -> BatchEntry:
    """How a batch is to be judged: as it was ordered, or by the configuration where overrides say so.

    Raises:
        ValueError: an override is wrong.
    """
    if batch in known_batches() and not overrides:
        return batch_entry(batch)
    data = load_sections(overrides).data
    thresholds = data.validation.of_batch(batch)
    if batch in known_batches():
        return batch_entry(batch).model_copy(update={"validation": thresholds})
    config = data.batches.get(batch, ArrivedBatch()).model_dump(mode="json")
    return BatchEntry(batch=config, clip=data.clip, validation=thresholds, encoders=batch, encoding={})


def print_report(console: Console, batch: str, report: Report) -> None:
    """Faults as a table, accepted defects, the verdict and where the page is."""
    found = report.verdict
    for faults in (found.failures, found.set_aside):
        if faults:
            console.print(_table(faults))
        if len(faults) > ROWS:
            console.print(f"... and {len(faults) - ROWS} more")
    for line in (line for lines in report.before.values() for line in lines):
        console.print(f"[yellow]set aside[/] {escape(line)}", soft_wrap=True)
    for fault, reason in found.accepted:
        console.print(f"[yellow]accepted[/] {escape(str(fault))} | {escape(reason)}", soft_wrap=True)
    for line in found.no_longer:
        console.print(f"[yellow]note[/] {escape(line)}", soft_wrap=True)
    if found.valid:
        aside = len(found.reasons) + len(report.before)
        without = f", {aside} set aside" if aside else ""
        console.print(f"[bold green]{escape(batch)} is valid[/]: {_count(report.clips, 'clip')}{without}")
    else:
        clips = len({fault.clip_id for fault in found.failures if not fault.clip_id.startswith("(")})  # not (batch)
        counts = f"{_count(len(found.failures), 'fault')} in {_count(clips, 'clip')}"
        console.print(f"[bold red]{escape(batch)} is invalid[/]: {counts}")
    console.print(f"look at  {report.page}", soft_wrap=True)


def _table(faults: Sequence[Failure]) -> Table:
    table = Table("clip", "field", "value", "rule", "fix", header_style="dim", box=None, padding=(0, 2, 0, 0))
    for fault in faults[:ROWS]:
        table.add_row(*map(escape, (fault.clip_id, fault.field, fault.value, fault.message, fault.fix)))
    return table


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
