"""The page an approver reads: verdict, numbers, and every held-out clip as truth beside what the model made.

One HTML file with everything in it (styles, pictures, videos), so it can be sent, archived or shown by any tool.
Imports no torch: the launcher renders it again once the gate has spoken.

A report's folder holds what the page shows: `clips.json` (one entry a clip), `videos/<clip id>_truth.mp4`,
`videos/<clip id>_generated.mp4` and the contact sheet.
"""

import base64
import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from evaluation.contracts import Decision, EvaluationReport, GateConfig
from evaluation.report.table import COLUMNS, number, table_rows, way_to_ceiling
from foundation.run_folder import write_whole

HEADLINES = (
    ("hand_error_px_embedded_locator", "Hand where it should be", "px off"),
    ("mouth_audio_correlation", "Mouth follows the sound", "r"),
    ("product_retrieval_top1_colour_layout", "Product recognised", "of clips"),
    ("psnr_db", "Picture near the truth", "dB"),
)
PER_CLIP = (
    ("hand_error_px_embedded_locator", "hand", "px"),
    ("mouth_audio_correlation", "mouth", "r"),
    ("psnr_db", "picture", "dB"),
)


def render_page(
    report: EvaluationReport,
    champion: EvaluationReport | None = None,
    decision: Decision | None = None,
    gate: GateConfig | None = None,
    links: dict[str, str] | None = None,
) -> str:
    """The whole page as HTML.

    Args:
        report: of the challenger; its folder holds the videos.
        champion: to stand beside it, where there is one.
        decision: the gate's, once taken; without it the page says that it is still to come.
        gate: whose floors the table shows.
        links: label -> address, shown at the end.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("page.html.j2").render(
        report=report,
        champion=champion,
        decision=decision,
        columns=COLUMNS,
        rows=table_rows(report, champion, gate),
        headlines=[_headline(report, *headline) for headline in HEADLINES if headline[0] in report.metrics],
        clips=_clips(report, champion),
        contact_sheet=_inline(Path(report.contact_sheet), "image/png"),
        links=links or {},
    )


def write_page(
    file: Path,
    report: EvaluationReport,
    champion: EvaluationReport | None = None,
    decision: Decision | None = None,
    gate: GateConfig | None = None,
    links: dict[str, str] | None = None,
) -> None:
    """Render the page into `file`, whole or not at all."""
    write_whole(file, render_page(report, champion, decision, gate, links))


def _headline(report: EvaluationReport, name: str, title: str, unit: str) -> dict[str, Any]:
    return {
        "title": title,
        "value": number(report.metrics[name]),
        "unit": unit,
        "baseline": number(report.metrics.get(f"{name}_baseline")),
        "ceiling": number(report.metrics.get(f"{name}_ceiling")),
        "way": way_to_ceiling(report, name),
    }


def _clips(report: EvaluationReport, champion: EvaluationReport | None) -> list[dict[str, Any]]:
    """One entry a clip: its words, its numbers and its videos in the order they stand side by side."""
    clips = json.loads((Path(report.folder) / "clips.json").read_text())
    return [
        {
            "id": clip["clip_id"],
            "prompt": clip["prompt"],
            "numbers": [
                (label, report.metrics[name].per_clip[clip["clip_id"]], unit)
                for name, label, unit in PER_CLIP
                if name in report.metrics and clip["clip_id"] in report.metrics[name].per_clip
            ],
            "videos": _videos(clip["clip_id"], report, champion),
        }
        for clip in clips
    ]


def _videos(clip_id: str, report: EvaluationReport, champion: EvaluationReport | None) -> list[dict[str, str]]:
    sources = [
        ("truth", Path(report.folder) / "videos" / f"{clip_id}_truth.mp4"),
        ("this model", Path(report.folder) / "videos" / f"{clip_id}_generated.mp4"),
    ]
    if champion is not None:
        sources.append(("champion", Path(champion.folder) / "videos" / f"{clip_id}_generated.mp4"))
    return [{"label": label, "source": _inline(file, "video/mp4")} for label, file in sources if file.exists()]


def _inline(file: Path, kind: str) -> str:
    """A file as a data address, so that the page needs no other file."""
    return f"data:{kind};base64,{base64.b64encode(file.read_bytes()).decode()}"
