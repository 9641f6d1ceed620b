"""`graspline torture ...`: what real files, habits and accidents do to a project, tried on a scratch one."""

import os
import tempfile
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from orchestration.commands.plain_errors import plain_errors

app = typer.Typer(help="Throw odd and hostile input at a scratch project.", no_args_is_help=True)


@app.callback()
def torture() -> None:
    """Throw odd and hostile input at a scratch project."""


@app.command()
def deliveries(
    count: Annotated[int, typer.Option(help="deliveries", min=1)] = 200,
    seed: Annotated[int, typer.Option(help="same seed, same deliveries")] = 0,
) -> None:
    """Every delivery must be taken in rightly or refused by name, nothing outside touched. Exit code 1 if not."""
    with plain_errors() as console:
        from rich.markup import escape
        from rich.progress import Progress
        from rich.table import Table

        from foundation.json_lines import as_json, write_lines
        from orchestration.torture.deliveries import torture_deliveries
        from orchestration.torture.worker import Verdict

        folder = Path(tempfile.mkdtemp(prefix="graspline_torture_"))
        with Progress(console=console) as progress:
            task = progress.add_task("deliveries", total=count)

            def show(number: int, verdict: Verdict) -> None:
                progress.advance(task)
                if verdict.wrong:
                    progress.print(f"[red]✗[/] {number} {escape(f'{verdict.kind}: {verdict.story}: {verdict.wrong}')}")

            verdicts = torture_deliveries(folder, count, seed, os.cpu_count() or 1, show)
        report = Path(f"runs/torture/deliveries-{seed}-{count}.jsonl")
        report.parent.mkdir(parents=True, exist_ok=True)
        write_lines(report, (as_json(asdict(verdict)) for verdict in verdicts))
        table = Table("kind", "deliveries", "taken", "partly", "refused", "wrong", box=None, header_style="dim")
        for kind in sorted({verdict.kind for verdict in verdicts}):
            of_kind = [verdict for verdict in verdicts if verdict.kind == kind]
            outcomes = Counter(verdict.outcome for verdict in of_kind)
            wrong = sum(verdict.wrong is not None for verdict in of_kind)
            row = (len(of_kind), outcomes["taken"], outcomes["partly"], outcomes["refused"], wrong)
            table.add_row(kind, *map(str, row))
        console.print(table)
        console.print(f"every delivery and what came of it: {report}", soft_wrap=True)
    if any(verdict.wrong for verdict in verdicts):
        raise typer.Exit(1)
