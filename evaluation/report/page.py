"""The page an approver reads: the verdict in words, every held-out clip side by side, what was measured and what not.

One HTML file that needs no network. Videos lie in it as long as they are small together, else beside it, and
`graspline report VERSION --zip FILE` packs both. It imports no torch: the launcher renders it again, with rules,
verdict and the champion, once the gate has decided.

A report's folder holds what the page shows: `clips.json` (one entry a clip), `videos/<clip id>_truth.mp4`,
`_generated.mp4`, `_structure.mp4`, the references `_person.png` and `_product.png`, of a network with experts
`_router.png`, and the contact sheet.
"""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from evaluation.catalogue import families
from evaluation.contracts import Decision, EvaluationReport, GateConfig
from evaluation.report.clip_rows import clip_rows, frames_per_second
from evaluation.report.gain_plot import MARGIN, gains_in_margins
from evaluation.report.media import Media
from evaluation.report.table import columns_of, number, role_number, table_rows, way_to_ceiling
from evaluation.report.verdict import verdict_of

DOES_NOT_DECIDE = "it draws the page of a report that is finished"


def render_page(
    page: Path,
    report: EvaluationReport,
    champion: EvaluationReport | None = None,
    decision: Decision | None = None,
    gate: GateConfig | None = None,
) -> str:
    """The whole page as HTML.

    Args:
        page: where it will lie; videos that are too large to lie in it are named from there.
        report: of the model; its folder holds the videos.
        champion: its report on the same exam, to be shown beside it, where there is one.
        decision: the gate's; before it the page shows numbers only.
        gate: its floors are shown in the table, its margins in the plot.
    """
    headlines = [name for name, one in families().items() if one.headline and name in report.metrics]
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    media = Media.of(page, [report] if champion is None else [report, champion])
    return environment.get_template("page.html.j2").render(
        report=report,
        champion=champion,
        verdict=verdict_of(decision),
        frames_per_second=frames_per_second(report),
        margin_place=round(MARGIN, 2),
        gate=gate,
        columns=columns_of(report),
        rows=table_rows(report, champion, gate),
        plot=gains_in_margins(report, champion, gate) if champion and gate else [],
        headlines=[_headline(report, champion, name) for name in headlines],
        clips=clip_rows(report, champion, media, headlines, gate),
        missing=[
            (one.title, report.metrics[name].note) for name, one in families().items() if _is_missing(name, report)
        ],
        contact_sheet=media.picture(Path(report.contact_sheet)),
    )


def _is_missing(name: str, report: EvaluationReport) -> bool:
    return name in report.metrics and report.metrics[name].value is None


def _headline(report: EvaluationReport, champion: EvaluationReport | None, name: str) -> dict[str, str | float | None]:
    metric = report.metrics[name]
    return {
        "title": families()[name].title,
        "value": number(metric.value),
        "unit": metric.unit,
        "better": "higher is better" if metric.direction == "higher_is_better" else "lower is better",
        "champion": role_number(champion, name, "model") if champion else "–",
        "baseline": role_number(report, name, "baseline"),
        "ceiling": role_number(report, name, "ceiling"),
        "way": way_to_ceiling(report, name),
    }
