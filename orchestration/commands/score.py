"""`graspline score`: videos of a folder and the references of a table -> tables of metrics, all numbers as JSON."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, TaskID
from rich.table import Table

from evaluation.contracts import Metric
from evaluation.references import VideoSet, read_videos
from evaluation.score_table import COLUMNS, DETAILS, SOURCE, detail_rows, markdown, table_one
from evaluation.score_videos import score_videos, video_metrics
from foundation.progress import parse_progress
from foundation.whole_file import write_whole
from orchestration.configuration.load_config import load_sections

OUT = Path("runs/scores/latest")


def score_and_print(
    console: Console, folder: Path, table: Path | None, out: Path | None, overrides: Sequence[str]
) -> bool:
    """Whether every video and row could be scored.

    Raises:
        ValueError: no video, no readable table, or a weight file that is configured and not there.
    """
    config = load_sections(overrides).scoring
    videos = read_videos(folder, table)
    with Progress(console=console, transient=True) as progress:
        bars: dict[str, TaskID] = {}

        def show(line: str) -> None:
            if step := parse_progress(line):
                name = step[2].partition(":")[0]
                if name not in bars:
                    bars[name] = progress.add_task(name)
                progress.update(bars[name], completed=step[0], total=step[1], description=step[2])

        metrics = score_videos(videos.clips, config, show)
    write_scores(out or OUT, videos, metrics, folder.name)
    print_scores(console, videos, metrics, folder.name)
    console.print(f"all numbers, by clip and frame: {out or OUT}/scores.json", highlight=False, soft_wrap=True)
    return not videos.refused


def write_scores(out: Path, videos: VideoSet, metrics: Mapping[str, Metric], label: str) -> None:
    """scores.json and table.md."""
    out.mkdir(parents=True, exist_ok=True)
    kinds = video_metrics()
    numbers = {
        "clips": [clip.model_dump() for clip in videos.clips],
        "refused": videos.refused,
        "metrics": {name: {**metric.model_dump(), "count": metric.count} for name, metric in metrics.items()},
    }
    write_whole(out / "scores.json", json.dumps(numbers, indent=1))
    first = markdown(("method", *COLUMNS), table_one(metrics, kinds, label))
    second = markdown(DETAILS, detail_rows(metrics, kinds))
    write_whole(out / "table.md", f"{SOURCE}; measured: {len(videos.clips)} clips.\n\n{first}\n{second}")


def print_scores(console: Console, videos: VideoSet, metrics: Mapping[str, Metric], label: str) -> None:
    """Both tables, and what failed, by clip."""
    kinds = video_metrics()
    console.print(_table(("method", *COLUMNS), table_one(metrics, kinds, label), SOURCE))
    console.print(_table(DETAILS, detail_rows(metrics, kinds), f"{len(videos.clips)} clips of {label}"))
    for name, why in videos.refused.items():
        console.print(escape(f"clip {name} is not scored: {why}"), highlight=False, soft_wrap=True)
    for clip in videos.clips:
        for why, names in _by_reason({name: one.failures.get(clip.clip_id) for name, one in metrics.items()}):
            line = f"clip {clip.clip_id} counts not in {', '.join(names)}: {why}"
            console.print(escape(line), highlight=False, soft_wrap=True)
        for remark, names in _by_reason({name: one.remarks.get(clip.clip_id) for name, one in metrics.items()}):
            console.print(escape(f"clip {clip.clip_id} {remark} ({', '.join(names)})"), highlight=False, soft_wrap=True)


def _by_reason(reasons: Mapping[str, str | None]) -> Iterable[tuple[str, list[str]]]:
    """Each reason with the metrics that give it."""
    named: dict[str, list[str]] = {}
    for metric, reason in reasons.items():
        if reason:
            named.setdefault(reason, []).append(metric)
    return named.items()


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], title: str) -> Table:
    table = Table(title=title, title_justify="left")
    for number, name in enumerate(header):
        table.add_column(name, overflow="fold", justify="left" if number == 0 or header is DETAILS else "right")
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    return table
