"""`graspline torture runs`: whole runs at once in a scratch project, and a table of who computed what."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from foundation.json_lines import write_lines
from orchestration.commands.summary import clock
from orchestration.commands.torture.runs import Ended, as_lines, faults_of, torture_runs


def torture_runs_and_print(console: Console, at_once: int, overrides: Sequence[str], keep: Path | None) -> bool:
    """Run them, print the table and what is wrong; whether nothing is.

    Raises:
        ValueError: the folder to keep the scratch project in is there already.
    """
    if keep is not None and keep.exists():
        raise ValueError(f"{keep} is there already: name a folder that is not")
    with tempfile.TemporaryDirectory(prefix="graspline_torture_") as temporary:
        folder = keep or Path(temporary)
        told = f"{at_once} runs at once in {folder}/project, each says what it does in {folder}/run-N.txt"
        console.print(told, soft_wrap=True, highlight=False)
        ended = torture_runs(folder, at_once, overrides)
        faults = faults_of(folder / "project", ended)
    report = Path(f"runs/torture/runs-{at_once}.jsonl")
    report.parent.mkdir(parents=True, exist_ok=True)
    write_lines(report, as_lines(ended))
    console.print(_table(ended))
    for fault in faults:
        console.print(f"[red]✗[/] {escape(fault)}", soft_wrap=True, highlight=False)
    if not faults:
        console.print("no run has a parent of another, no step was computed twice")
    console.print(f"every run and what came of it: {report}", soft_wrap=True)
    return not faults


def _table(ended: Sequence[Ended]) -> Table:
    table = Table("run", "configured", "ended", "computed itself", "waited for", box=None, header_style="dim")
    names = {run.retraining: str(number) for number, run in enumerate(ended) if run.retraining}
    for number, run in enumerate(ended):
        waited = [" ".join(name for id_, name in names.items() if id_ in line) or line for line in run.waited_for]
        code = "well" if run.code == 0 else f"exit code {run.code}"
        how = f"{code}, {clock(run.seconds)}"
        computed = ", ".join(run.computed) or "nothing"
        row = (str(number), " ".join(run.overrides), how, computed, ", ".join(dict.fromkeys(waited)))
        table.add_row(*map(escape, row))
    return table
