"""A blind study of any methods' videos: made, served on loopback, reported."""

import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from evaluation.study.analysis import StudyReport, analyse
from evaluation.study.contracts import Mode, Study, read_study
from evaluation.study.create import Asked, create_study
from evaluation.study.plan import Plans
from evaluation.study.report import as_csv, render_page, verdict
from evaluation.study.serve import LOOPBACK, bound_socket, study_server
from evaluation.study.sources import methods_of, read_sources
from foundation.names import check_name
from foundation.progress import parse_progress
from foundation.whole_file import write_whole

FOLDER = Path("studies")


@dataclass(frozen=True)
class NewStudy:
    """What `graspline study create` is given."""

    name: str
    methods: Sequence[str]  # NAME=FOLDER
    table: Path | None
    mode: Mode
    questions: int | None
    seed: int
    out: Path | None


def create_and_print(console: Console, given: NewStudy, where: Path) -> None:
    """Make a study.

    Raises:
        ValueError: what was given makes no fair study: the line says why and what to do.
    """
    folder = given.out or folder_of(given.name)
    sources = read_sources(methods_of(given.methods, where), given.table)
    asked = Asked(given.name, given.mode, given.questions, given.seed)
    with Progress(console=console, transient=True) as progress:
        bar = progress.add_task("writing videos")

        def show(line: str) -> None:
            if step := parse_progress(line):
                progress.update(bar, completed=step[0], total=step[1], description=step[2])

        study = create_study(folder, sources, asked, show)
    _say(console, f"study {study.name}: {study.methods} methods on {len(study.clips)} clips, in {folder}")
    _say(console, f"a rater gets {_questions(study)}")
    name = given.name if given.out is None else str(folder)
    _say(console, f"next: `graspline study serve {name}`; key.json says which method is which: keep it from raters")


def _questions(study: Study) -> str:
    plan = Plans(study).of(0)
    repeated, checks = (sum(one.kind == kind for one in plan) for kind in ("repeated", "check"))
    return f"{len(plan)} questions: {study.questions} that count, {repeated} again, {checks} with a damaged copy"


def serve_until_ended(console: Console, name: str, port: int, where: Path) -> None:
    """Answer on loopback until Ctrl-C.

    Raises:
        ValueError: no study, another study's answers, or the port is taken.
    """
    folder = existing(name, where)
    study = read_study(folder)
    listener = bound_socket(port)
    port = listener.getsockname()[1]
    server = study_server(folder, port)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    _say(console, f"study {study.name}: http://{LOOPBACK}:{port}   Ctrl-C stops it; answers are kept")
    server.run(sockets=[listener])
    _say(console, "stopped")


def report_and_print(console: Console, name: str, out: Path | None, everyone: bool, where: Path) -> None:
    """Write report.html and report.csv, and print who stands where.

    Raises:
        ValueError: no study, or no answers that count.
    """
    folder = existing(name, where)
    result = analyse(folder, everyone)
    target = out or folder
    target.mkdir(parents=True, exist_ok=True)
    write_whole(target / "report.html", render_page(result))
    write_whole(target / "report.csv", as_csv(result))
    console.print(_table(result))
    for criterion in result.criteria:
        _say(console, f"{criterion.name}: {verdict(result, criterion)}")
    if failed := [one.rater for one in result.raters if one.failed]:
        _say(console, f"failed a check{'' if everyone else ' and not counted'}: {', '.join(failed)}")
    _say(console, f"report: {target / 'report.html'}, {target / 'report.csv'}")


def folder_of(name: str) -> Path:
    """Where a study of this name lies."""
    return FOLDER / check_name(name)


def existing(name: str, where: Path) -> Path:
    """A study's folder, by its name or by its path."""
    return where / name if (where / name).is_dir() else folder_of(name)


def _table(report: StudyReport) -> Table:
    counted = f"{len(report.counted)} of {len(report.raters)} raters"
    table = Table(
        title=f"study {report.study.name}: mean rank of {report.study.methods}, {counted}", title_justify="left"
    )
    table.add_column("method")
    for criterion in report.criteria:
        table.add_column(criterion.name, justify="right")
    order = [one.slot for one in report.criteria[0].result.standings]
    for slot in order:
        standing = [next(s for s in one.result.standings if s.slot == slot).mean_rank for one in report.criteria]
        cells = [f"{s.value:.2f}" + ("" if s.low is None else f" ({s.low:.2f} to {s.high:.2f})") for s in standing]
        table.add_row(escape(report.key.methods[slot]), *cells)
    agreement = ["not known" if one.alpha is None else f"{one.alpha:.2f}" for one in report.criteria]
    table.add_row("agreement (alpha)", *agreement)
    return table


def _say(console: Console, line: str) -> None:
    console.print(escape(line), highlight=False, soft_wrap=True)
