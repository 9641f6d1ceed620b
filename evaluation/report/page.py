"""The page an approver reads: verdict, numbers, and every held-out clip, true and generated side by side.

One HTML file with everything in it (styles, pictures, videos), so it can be sent, archived or shown by any tool.
It imports no torch: the launcher renders it again, with rules and verdict, once the gate has decided.

A report's folder holds what the page shows: `clips.json` (one entry a clip), `videos/<clip id>_truth.mp4`,
`videos/<clip id>_generated.mp4` and the contact sheet.
"""

import base64
import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from evaluation.catalogue import families
from evaluation.contracts import Decision, EvaluationReport, GateConfig
from evaluation.report.table import COLUMNS, number, role_number, table_rows, way_to_ceiling

DOES_NOT_DECIDE = "it draws the page of a report that is finished"


def render_page(
    report: EvaluationReport,
    champion: EvaluationReport | None = None,
    decision: Decision | None = None,
    gate: GateConfig | None = None,
) -> str:
    """The whole page as HTML.

    Args:
        report: of the challenger; its folder holds the videos.
        champion: its report, to be shown beside it, where there is one.
        decision: the gate's; before it the page shows numbers only.
        gate: its floors are shown in the table.
    """
    headlines = {name: m.headline for name, m in families().items() if m.headline and name in report.metrics}
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("page.html.j2").render(
        report=report,
        champion=champion,
        decision=decision,
        gate=gate,
        columns=COLUMNS,
        rows=table_rows(report, champion, gate),
        headlines=[_headline(report, name, title) for name, title in headlines.items()],
        clips=_clips(report, champion, headlines),
        contact_sheet=_inline(Path(report.contact_sheet), "image/png"),
    )


def _headline(report: EvaluationReport, name: str, title: str) -> dict[str, Any]:
    metric = report.metrics[name]
    return {
        "title": title,
        "value": number(metric.value),
        "unit": metric.unit,
        "baseline": role_number(report, name, "baseline"),
        "ceiling": role_number(report, name, "ceiling"),
        "way": way_to_ceiling(report, name),
    }


def _clips(
    report: EvaluationReport, champion: EvaluationReport | None, headlines: dict[str, str]
) -> list[dict[str, Any]]:
    """One entry a clip: its prompt, its numbers and its videos from left to right."""
    clips = json.loads((Path(report.folder) / "clips.json").read_text(encoding="utf-8"))
    return [
        {
            "id": clip["clip_id"],
            "prompt": clip["prompt"],
            "numbers": [
                (title, number(report.metrics[name].per_clip[clip["clip_id"]]), report.metrics[name].unit)
                for name, title in headlines.items()
                if clip["clip_id"] in report.metrics[name].per_clip
            ],
            "videos": _videos(clip["clip_id"], report, champion),
        }
        for clip in clips
    ]


def _videos(clip_id: str, report: EvaluationReport, champion: EvaluationReport | None) -> list[dict[str, str]]:
    sources = [
        ("true clip", Path(report.folder) / "videos" / f"{clip_id}_truth.mp4"),
        ("this model", Path(report.folder) / "videos" / f"{clip_id}_generated.mp4"),
    ]
    if champion is not None:
        sources.append(("champion", Path(champion.folder) / "videos" / f"{clip_id}_generated.mp4"))
    return [{"label": label, "source": _inline(file, "video/mp4")} for label, file in sources if file.exists()]


def _inline(file: Path, kind: str) -> str:
    """A file as a data address, so that the page needs no other file."""
    return f"data:{kind};base64,{base64.b64encode(file.read_bytes()).decode()}"
