"""What the command line shows at the end of a run and on `graspline status`."""

from collections.abc import Iterable, Mapping, Sequence

from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from data.contracts import PreparedBatch
from evaluation.contracts import Decision, EvaluationReport, GateConfig
from evaluation.report.table import columns_of, table_rows
from model.contracts import Encoders, RgbArtifact, TrainedStage, TrainingSet
from orchestration.commands.registry_status import SHOWN as SHOWN_ENTRIES
from orchestration.commands.registry_status import entries_table, print_standing
from orchestration.configuration.load_config import load_sections
from orchestration.registry.contracts import Champion
from orchestration.registry.succession import Succession
from orchestration.steps.display import Timings, label
from orchestration.steps.receipts import Receipts

SHOWN = 8  # faults of clips that are set aside


def print_summary(console: Console, timings: Timings, receipts: Receipts) -> None:
    """Steps with their results, the numbers, promoted or why not, where to look next."""
    table = Table("step", "result", "time", box=None, header_style="dim")
    for step, batch, seconds, reused in timings.rows:
        result = escape(caption(receipts.load(step, batch)))
        table.add_row(label(step, batch), result, "unchanged" if reused else clock(seconds))
    table.add_row("total", "", clock(sum(row[2] for row in timings.rows)), style="bold")
    console.print(table)
    print_set_aside(console, [receipts.load(step, batch) for step, batch, *_ in timings.rows])
    if all(reused for *_, reused in timings.rows):
        console.print("Nothing to do: every step found its inputs unchanged and its result in place.")
    _print_verdict(console, receipts)


def print_set_aside(console: Console, batches: Iterable[BaseModel]) -> None:
    """The clips that were delivered and are not in their batch, and why; of many, some and where the others are."""
    for batch in batches:
        if not isinstance(batch, PreparedBatch) or not batch.set_aside:
            continue
        aside, delivered = len(batch.set_aside), batch.clips + len(batch.set_aside)
        told = (
            f"[yellow]{escape(batch.batch)}: {aside} of {delivered} clips are set aside[/], see {batch.validation_page}"
        )
        console.print(told, soft_wrap=True)
        lines = [line for faults in batch.set_aside.values() for line in faults]
        for line in lines[:SHOWN]:
            console.print(f"  {escape(line)}", soft_wrap=True, highlight=False)
        if len(lines) > SHOWN:
            console.print(f"  and {len(lines) - SHOWN} more faults")


def print_refused(console: Console, refused: Mapping[str, str]) -> None:
    """Arrived batches that the run went on without, and why."""
    for batch, why in refused.items():
        console.print(f"[red]✗[/] arrived batch {escape(batch)} is not trained on: {escape(why)}", soft_wrap=True)


def _print_verdict(console: Console, receipts: Receipts) -> None:
    report, champion = receipts.load("evaluation_report"), receipts.load("champion")
    decision = receipts.load("promotion_decision")
    assert isinstance(report, EvaluationReport)
    assert isinstance(champion, Champion)
    assert isinstance(decision, Decision)
    console.print(metrics_table(report, receipts.config.gate))
    for reason in decision.reasons:
        console.print(
            f"[{'green' if reason.passed else 'red'}]{'✓' if reason.passed else '✗'}[/] {escape(reason.message)}"
        )
    for sight in decision.sights:
        console.print(f"[dim]  this exam: {escape(sight.message)}[/]")
    current = f"champion is version {champion.version}" if champion.version else "there is no champion yet"
    is_champion = decision.challenger_digest == champion.artifact_digest
    verdict = "promoted" if champion.changed else ("nothing to promote" if is_champion else "not promoted")
    console.print(f"[bold]{verdict}[/]: {current}")
    if decision.passed and not is_champion:
        console.print(escape(champion.message))  # it waits for an approver
    console.print(
        f"run       {receipts.retraining}\nlook at   {report.report_html}\n"
        "make one  graspline generate\nbrowse    graspline ui",
        soft_wrap=True,
    )


def print_status(console: Console, overrides: Sequence[str] = ()) -> None:
    """Champion, aliases, what waits, the ledger's last entries. Nothing is written."""
    config = load_sections(overrides)
    succession = Succession(config.tracking)
    seen = succession.look()
    if not seen.entries:
        console.print("No model was judged yet: `graspline run` makes one.")
        return
    print_standing(console, succession, seen)
    if seen.champion is not None:
        artifact, report = succession.models.release(seen.champion[1])
        console.print(
            f"  artifact           {artifact.folder}\n  report             {report.report_html}", soft_wrap=True
        )
        console.print(metrics_table(report, config.gate))
    console.print(entries_table(seen.entries[-SHOWN_ENTRIES:]))


def metrics_table(report: EvaluationReport, gate: GateConfig) -> Table:
    """One row a metric family: baseline, model, ceiling, shuffled conditions, and what the gate requires."""
    columns = columns_of(report)
    titles = [title for _, title in columns]
    table = Table(Column("metric", no_wrap=True), *titles, "required", "unit", box=None, header_style="dim")
    for row in table_rows(report, None, gate):
        table.add_row(row.title, *(row.cells[role] for role, _ in columns), row.required, row.unit)
    return table


def caption(receipt: BaseModel) -> str:
    """One line on what a step made."""
    if isinstance(receipt, Encoders):
        return "; ".join(receipt.captions.values())
    if isinstance(receipt, TrainingSet):
        train, held_out = (sum(batch.clips for batch in side) for side in (receipt.train, receipt.held_out))
        without = f"; without {', '.join(receipt.not_ready)}" if receipt.not_ready else ""
        return f"{train} clips to train on, {held_out} held out{without}"
    if isinstance(receipt, TrainedStage):
        return f"{receipt.steps} steps, loss {receipt.final_losses.get('total', float('nan')):.3f}, {receipt.run}"
    if isinstance(receipt, RgbArtifact):
        return f"{receipt.parameters / 1e6:.1f} M parameters, {receipt.folder}"
    if isinstance(receipt, Decision):
        return "passed" if receipt.passed else "refused"
    if isinstance(receipt, EvaluationReport):
        return receipt.report_html
    if isinstance(receipt, PreparedBatch) and receipt.set_aside:
        return f"{receipt.clips} clips, {len(receipt.set_aside)} set aside"
    clips = getattr(receipt, "clips", None)
    if clips is not None:
        return f"{clips if isinstance(clips, int) else len(clips)} clips"
    version = getattr(receipt, "version", None)
    return f"version {version}" if version else ""


def clock(seconds: float) -> str:
    """Seconds, or minutes and seconds."""
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} min {seconds % 60:02.0f} s"
