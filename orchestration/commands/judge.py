"""`graspline judge audit` and `graspline compare`: how well the judge judges, and which of two models is better."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from evaluation.comparison_table import COVERAGE, By, Line, as_csv, compared_lines, gains_by
from evaluation.contracts import AuditTable
from evaluation.judge_audit import as_markdown
from foundation.whole_file import write_whole
from orchestration.configuration.load_config import load_config
from orchestration.steps.display import LiveDisplay, PlainDisplay
from orchestration.steps.judge_steps import audited_judge, compared_models
from orchestration.steps.step import StepContext


@contextmanager
def working(console: Console, what: str, overrides: Sequence[str]) -> Generator[StepContext]:
    """What a command works with, and a line or bar that says what is going on."""
    config = load_config(overrides)
    with LiveDisplay(console) if console.is_terminal else PlainDisplay() as display:
        display.begin(what, None)
        yield StepContext(config, display.log)
        display.end(reused=False)


def print_audit(
    console: Console, overrides: Sequence[str], model: str, size: tuple[int, int], out: Path | None
) -> None:
    """Audit the judge with a registered model; `size`: noise seeds a clip, and gates for each rate.

    Raises:
        ValueError: no such model, or it has no values to audit with.
    """
    with working(console, "judge_audit", overrides) as step:
        tables = audited_judge(step, model, *size, seed=0).tables
    for table in tables:
        console.print(_printed(table))
    if out is not None:
        write_whole(out, as_markdown(tables))
        console.print(f"wrote {escape(str(out))}", soft_wrap=True)


def print_comparison(
    console: Console, overrides: Sequence[str], models: tuple[str, str], by: str | None, out: Path | None
) -> None:
    """Two registered models on the open exam.

    Raises:
        ValueError: no such model, an unknown grouping, or one cannot be evaluated on the exam.
    """
    grouping = _grouping(by) if by is not None else None
    with working(console, "compare", overrides) as step:
        first, second = compared_models(step, *models)
    lines, without = compared_lines(first, second)
    console.print(_comparison(lines, models))
    for name, why in without.items():
        console.print(f"[dim]{escape(name)} is not compared: {escape(why)}[/]", soft_wrap=True)
    if by is not None:
        console.print(_by_group(gains_by(first, second, step.config.gate.compared, grouping), by))
    if out is not None:
        write_whole(out, as_csv(lines))
        console.print(f"wrote {escape(str(out))}", soft_wrap=True)


def _grouping(name: str) -> By:
    groupings: dict[str, By] = {"clip": None, "person": "person", "product": "product", "action": "action"}
    if name not in groupings:
        raise ValueError(f"'{name}' is no grouping: --by takes {', '.join(groupings)}")
    return groupings[name]


def _printed(table: AuditTable) -> Table:
    printed = Table(
        *table.columns, title=table.title, caption=table.note, box=None, header_style="dim", title_justify="left"
    )
    for row in table.rows:
        printed.add_row(*map(escape, row))
    return printed


def _comparison(lines: list[Line], models: tuple[str, str]) -> Table:
    first, second = models
    columns = [first, second, "gain", f"{COVERAGE:.0%} interval", "in noise floors", "clips", "unit"]
    table = Table(Column("metric", no_wrap=True), *columns, f"{first} is", box=None, header_style="dim")
    for line in lines:
        low, high = line.interval
        noise = "–" if line.noise_floors is None else f"{line.noise_floors:+.1f}"
        numbers = [f"{line.first:.3g}", f"{line.second:.3g}", f"{line.gain:+.3g}", f"{low:+.3g} to {high:+.3g}"]
        table.add_row(line.metric, *numbers, noise, str(line.clips), line.unit, line.verdict)
    return table


def _by_group(gains: dict[str, dict[str, float]], by: str) -> Table:
    metrics = list(dict.fromkeys(name for of_group in gains.values() for name in of_group))
    table = Table(by, *metrics, title=f"mean gain by {by}", box=None, header_style="dim", title_justify="left")
    for group, of_metric in gains.items():
        table.add_row(escape(group), *(f"{of_metric[name]:+.3g}" if name in of_metric else "–" for name in metrics))
    return table
