"""`graspline torture deliveries`: what real files, habits and accidents do to a project, tried on a scratch one."""

import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from foundation.json_lines import as_json, write_lines
from orchestration.commands.torture.deliveries import torture_deliveries
from orchestration.commands.torture.worker import Verdict


def torture_and_print(console: Console, count: int, seed: int) -> bool:
    """Throw the deliveries, name what went wrong at once, then a table by kind; whether all is right."""
    with tempfile.TemporaryDirectory(prefix="graspline_torture_") as folder, Progress(console=console) as progress:
        task = progress.add_task("deliveries", total=count)

        def show(verdict: Verdict) -> None:
            progress.advance(task)
            if verdict.wrong:
                line = escape(f"{verdict.number} {verdict.kind}: {verdict.story}: {verdict.wrong}")
                progress.print(f"[red]✗[/] {line}", soft_wrap=True, highlight=False)

        verdicts = torture_deliveries(Path(folder), count, seed, os.cpu_count() or 1, show)
    report = Path(f"runs/torture/deliveries-{seed}-{count}.jsonl")
    report.parent.mkdir(parents=True, exist_ok=True)
    write_lines(report, (as_json(asdict(verdict)) for verdict in verdicts))
    console.print(_table(verdicts))
    console.print(f"every delivery and what came of it: {report}", soft_wrap=True)
    return not any(verdict.wrong for verdict in verdicts)


def _table(verdicts: Sequence[Verdict]) -> Table:
    table = Table("kind", "deliveries", "taken", "partly", "refused", "wrong", box=None, header_style="dim")
    for kind in sorted({verdict.kind for verdict in verdicts}):
        of_kind = [verdict for verdict in verdicts if verdict.kind == kind]
        outcomes = Counter(verdict.outcome for verdict in of_kind)
        wrong = sum(verdict.wrong is not None for verdict in of_kind)
        row = (len(of_kind), outcomes["taken"], outcomes["partly"], outcomes["refused"], wrong)
        table.add_row(kind, *map(str, row))
    return table
