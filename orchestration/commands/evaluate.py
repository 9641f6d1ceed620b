"""`graspline evaluate`: a registered model on the open exam, or anybody's videos in a folder."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from evaluation.contracts import EvaluationReport
from evaluation.report.table import table_rows
from orchestration.commands.score import score_and_print


def evaluate_and_print(console: Console, what: str, where: Path, overrides: Sequence[str]) -> bool:
    """Print the numbers; whether all of it could be evaluated.

    Raises:
        ValueError: neither a registered model nor a folder with videos.
    """
    folder = where / what
    if folder.is_dir():
        return score_and_print(console, folder, references_in(folder), None, overrides)
    from orchestration.commands.judge import working  # what only a model needs: videos that did not change stay quick
    from orchestration.steps.judge_steps import evaluated_model

    with working(console, "evaluation_report", overrides) as step:
        report = evaluated_model(step, what)
    console.print(_printed(report, what))
    console.print(f"report: {escape(report.report_html)}", highlight=False, soft_wrap=True)
    return True


def references_in(folder: Path) -> Path | None:
    """The table that lies with the videos, if one does.

    Raises:
        ValueError: there are several.
    """
    tables = sorted(folder.glob("*.csv"))
    if len(tables) > 1:
        names = ", ".join(table.name for table in tables)
        raise ValueError(f"{folder} holds {names}: name one with `graspline score --videos {folder} --csv FILE`")
    return tables[0] if tables else None


def _printed(report: EvaluationReport, model: str) -> Table:
    table = Table(Column("metric", no_wrap=True), "baseline", model, "ceiling", "unit", "better", "note", box=None)
    for row in table_rows(report, None, None):
        cells = [row.cells[role] for role in ("baseline", "model", "ceiling")]
        table.add_row(*map(escape, (row.title, *cells, row.unit, row.better, row.note)))
    return table
