"""A study's report as a page and as a CSV: what an approver reads, and what a paper's table is made from."""

import csv
from io import StringIO
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from evaluation.study.analysis import CriterionResult, StudyReport
from evaluation.study.strengths import Duel, Interval, Standing

COLUMNS = (
    "criterion",
    "method",
    "place",
    "mean_rank",
    "mean_rank_low",
    "mean_rank_high",
    "strength",
    "strength_low",
    "strength_high",
    "other",
    "preferred_over_other",
    "tie_with_other",
    "comparisons",
    "p_value",
    "significant",
    "alpha",
)


def as_csv(report: StudyReport) -> str:
    """One line for every criterion, method and other method."""
    text = StringIO()
    writer: csv.DictWriter[str] = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for criterion in report.criteria:
        for place, standing in enumerate(criterion.result.standings, 1):
            for duel in criterion.result.duels:
                if standing.slot in duel.pair:
                    writer.writerow(_line(report, criterion, (place, standing), duel))
    return text.getvalue()


def _line(
    report: StudyReport, criterion: CriterionResult, placed: tuple[int, Standing], duel: Duel
) -> dict[str, str | int]:
    place, standing = placed
    methods = report.key.methods
    other = duel.pair[1] if duel.pair[0] == standing.slot else duel.pair[0]
    return {
        "criterion": criterion.name,
        "method": methods[standing.slot],
        "place": place,
        **_interval_cells("mean_rank", standing.mean_rank),
        **_interval_cells("strength", standing.strength),
        "other": methods[other],
        "preferred_over_other": _cell(duel.share(standing.slot) if duel.count else None),
        "tie_with_other": _cell(duel.ties / duel.count if duel.count else None),
        "comparisons": duel.count,
        "p_value": _cell(duel.p_value),
        "significant": "yes" if duel.significant else "no",
        "alpha": _cell(criterion.alpha),
    }


def _interval_cells(name: str, interval: Interval) -> dict[str, str]:
    return {name: _cell(interval.value), f"{name}_low": _cell(interval.low), f"{name}_high": _cell(interval.high)}


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def render_page(report: StudyReport) -> str:
    """The whole page as HTML, nothing else needed."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("report.html.j2").render(
        report=report,
        methods=report.key.methods,
        failed=[one.rater for one in report.raters if one.failed],
        criteria=[_shown(report, criterion) for criterion in report.criteria],
        verdicts=[verdict(report, criterion) for criterion in report.criteria],
        judged=sum(criterion.judgements for criterion in report.criteria),
    )


def verdict(report: StudyReport, criterion: CriterionResult) -> str:
    """One sentence: who is best, and whether that is sure."""
    best = criterion.result.standings[0]
    name, methods = report.key.methods[best.slot], report.key.methods
    duels = {next(slot for slot in duel.pair if slot != best.slot): duel for duel in _duels_of(criterion, best.slot)}
    beaten = [methods[slot] for slot, duel in duels.items() if duel.significant]
    unsure = [methods[slot] for slot, duel in duels.items() if not duel.significant]
    if not beaten:
        return f"{name} is ahead, but not surely: it may be no better than {_listed(unsure)}."
    return f"{name} is better than {_listed(beaten)}" + (
        f"; against {_listed(unsure)} it is not sure." if unsure else ", surely."
    )


def _listed(names: list[str]) -> str:
    return " and ".join(([", ".join(names[:-1])] if len(names) > 1 else []) + names[-1:])


def _duels_of(criterion: CriterionResult, slot: int) -> list[Duel]:
    return [duel for duel in criterion.result.duels if slot in duel.pair]


def _shown(report: StudyReport, criterion: CriterionResult) -> dict[str, Any]:
    """A criterion for the page: rows with the intervals as shares of the axis, and the table of who is preferred."""
    standings, methods = criterion.result.standings, report.key.methods
    return {
        "name": criterion.name,
        "judgements": criterion.judgements,
        "ties": criterion.ties,
        "alpha": criterion.alpha,
        "rows": [
            {
                "method": methods[one.slot],
                "rank": one.mean_rank,
                "strength": one.strength,
                "comparisons": one.comparisons,
                **{side: _along(value, len(methods)) for side, value in vars(one.mean_rank).items()},
            }
            for one in standings
        ],
        "order": [methods[one.slot] for one in standings],
        "table": [
            (methods[one.slot], [_preferred(criterion, one.slot, other.slot) for other in standings])
            for one in standings
        ],
    }


def _along(rank: float | None, methods: int) -> float | None:
    """Per cent of an axis from rank 1 to the last."""
    return None if rank is None else round(100 * (rank - 1) / (methods - 1), 2)


def _preferred(criterion: CriterionResult, slot: int, other: int) -> dict[str, Any] | None:
    duel = next((one for one in criterion.result.duels if set(one.pair) == {slot, other}), None)
    if duel is None or not duel.count:
        return None
    return {
        "share": duel.share(slot),
        "ties": duel.ties / duel.count,
        "count": duel.count,
        "p": duel.p_value,
        "sure": duel.significant and duel.share(slot) > duel.share(other),
    }
