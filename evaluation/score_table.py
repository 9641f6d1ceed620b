"""The table of a scoring: the paper's Table 1 as published, and beside it what was measured, by which tool.

Different videos, references and tools: rows compare within a block, never across. A column without a metric that could
be measured stays empty, and the reason stands below.
"""

from collections.abc import Mapping

from evaluation.contracts import Metric
from evaluation.measuring.kinds import VideoMetric

DOES_NOT_DECIDE = "it lays out numbers that are finished"
COLUMNS = ("AES", "IQ", "Smooth", "VLM-QA", "HQ", "DINO id", "DINO obj", "FaceSim", "Sync")
SOURCE = "CoInteract, arXiv 2604.19636, Table 1, 50 held-out clips, as published"
PUBLISHED: dict[str, tuple[float | None, ...]] = {
    "AnchorCrafter": (0.448, 0.643, 0.9743, 0.22, 0.596, 0.538, 0.453, 0.487, None),
    "Phantom": (0.579, 0.724, 0.9916, 0.50, 0.650, 0.654, 0.595, 0.593, None),
    "Humo": (0.565, 0.741, 0.9919, 0.56, 0.664, 0.643, 0.629, 0.618, 5.71),
    "VACE": (0.530, 0.733, 0.9904, 0.46, 0.627, 0.623, 0.635, 0.647, None),
    "InteractAvatar": (0.528, 0.722, 0.9938, 0.62, 0.696, 0.658, 0.608, 0.681, 5.82),
    "SkyReels-V3": (0.563, 0.720, 0.9861, 0.44, 0.626, 0.637, 0.564, 0.569, None),
    "CoInteract": (0.554, 0.749, 0.9951, 0.72, 0.724, 0.671, 0.624, 0.696, 5.87),
}
EMPTY, NOT_MEASURED = "–", "not measured"


def table_one(metrics: Mapping[str, Metric], kinds: Mapping[str, VideoMetric], label: str) -> list[list[str]]:
    """Rows of cells under `method` and COLUMNS: the published ones, the same metrics here, their stand-ins here."""
    published = [[f"{name} (published)", *map(_number, values)] for name, values in PUBLISHED.items()]
    rows = [
        [f"{label}{title}", *(_cell(metrics, kinds, column, proxy) for column in COLUMNS)] for title, proxy in PARTS
    ]
    return [*published, *rows]


PARTS = ((", same metrics", False), (", stand-ins", True))


def _cell(metrics: Mapping[str, Metric], kinds: Mapping[str, VideoMetric], column: str, proxy: bool) -> str:
    named = [name for name, kind in kinds.items() if kind.paper == column and kind.proxy == proxy and name in metrics]
    return number(metrics[named[0]]) if named else EMPTY


def number(metric: Metric) -> str:
    """A value with the number of clips it rests on, or that there is none."""
    return NOT_MEASURED if metric.value is None else f"{_number(metric.value)} ({metric.count})"


def _number(value: float | None) -> str:
    return EMPTY if value is None else f"{value:.4g}" if abs(value) < 1 else f"{value:.3g}"


def detail_rows(metrics: Mapping[str, Metric], kinds: Mapping[str, VideoMetric]) -> list[list[str]]:
    """One row a metric: name, value, unit, which way is better, what it stands for and notices, tool, note."""
    return [
        [
            name,
            number(metrics[name]),
            kind.unit,
            "higher" if kind.direction == "higher_is_better" else "lower",
            kind.paper or EMPTY,
            (", ".join(kind.notices) or "nothing yet") if kind.proxy else EMPTY,
            tool.tool if (tool := metrics[name].measured_by) else EMPTY,
            metrics[name].note,
        ]
        for name, kind in kinds.items()
        if name in metrics
    ]


DETAILS = ("metric", "value (clips)", "unit", "better", "stands for", "notices", "measured by", "note")


def markdown(header: tuple[str, ...], rows: list[list[str]]) -> str:
    """A table in Markdown."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)
