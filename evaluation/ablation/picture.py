"""The intervals of an ablation as one picture: a panel a metric, a line an arm, the full method's band behind it."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evaluation.ablation.contracts import NAMES
from evaluation.ablation.table import COVERAGE, FULL, Cell

COLUMNS = 3
COLOURS = {"": "#17202a", "not told apart": "#5d6b7a", "better": "#1a7f4b", "worse": "#b3261e"}


def draw_intervals(cells: Sequence[Cell], title: str, file: Path) -> None:
    """PNG; colour says how an arm stands against the full method, and so does the legend in words."""
    metrics = list(dict.fromkeys(cell.metric for cell in cells))
    rows = -(-len(metrics) // COLUMNS)
    figure = Figure(figsize=(4.6 * COLUMNS, 1.9 * rows + 0.8), dpi=100, layout="constrained")
    panels = figure.subplots(rows, COLUMNS, squeeze=False).flatten()
    for panel, metric in zip(panels, metrics, strict=False):
        _draw(panel, [cell for cell in cells if cell.metric == metric])
    for panel in panels[len(metrics) :]:
        panel.axis("off")
    legend = "colour: the difference to the full method, clip by clip and seed by seed (better, worse, not told apart)"
    figure.suptitle(f"{title}\n{legend}", fontsize=10)
    figure.savefig(file)


def _draw(axes: Axes, cells: list[Cell]) -> None:
    for place, cell in enumerate(reversed(cells)):
        low, high = cell.value.interval(COVERAGE)
        if cell.arm == FULL:
            axes.axvspan(low, high, color="#17202a", alpha=0.07, linewidth=0)
        colour = COLOURS[cell.verdict]
        axes.plot([low, high], [place, place], color=colour, linewidth=2)
        axes.plot([cell.value.mean], [place], "o", color=colour, markersize=5)
        if cell.verdict in ("better", "worse"):
            axes.annotate(cell.verdict, (cell.value.mean, place), (0, 5), textcoords="offset points", fontsize=7)
    arrow = "higher is better" if cells[0].direction == "higher_is_better" else "lower is better"
    axes.set_yticks(range(len(cells)), [NAMES[cell.arm] for cell in reversed(cells)], fontsize=8)
    axes.set_ylim(-0.6, len(cells) - 0.3)
    axes.set_title(f"{cells[0].metric}\n{cells[0].unit}, {arrow}", fontsize=8)
    axes.tick_params(axis="x", labelsize=8)
    axes.grid(axis="x", alpha=0.3)
