"""The page of an ablation in Markdown: what came out in words, the table, what it cost, the paper's own beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.ablation import published
from evaluation.ablation.contracts import NAMES, AblationCost
from evaluation.ablation.cost_rows import COST_COLUMNS, cost_rows
from evaluation.ablation.table import COVERAGE, FULL, Cell
from model.contracts import Ablation

Rows = list[list[str]]
COLUMNS = ["metric", "unit"]


@dataclass(frozen=True)
class Budget:
    """What every arm got, in numbers for people."""

    name: str
    steps: tuple[int, int]  # of stage one and two
    clips_a_step: int
    training_clips: int
    seeds: tuple[int, ...]
    noise_seeds: int
    widening: str  # how the arm without MoE was given as many parameters


@dataclass(frozen=True)
class Outcome:
    """All that the page shows."""

    cells: list[Cell]
    without: dict[str, str]
    cost: AblationCost
    budget: Budget

    @property
    def arms(self) -> list[Ablation]:
        """In the order of the table."""
        return list(dict.fromkeys(cell.arm for cell in self.cells))

    @property
    def metrics(self) -> list[str]:
        """Those that some arm has."""
        return list(dict.fromkeys(cell.metric for cell in self.cells))


def page(outcome: Outcome, picture: str) -> str:
    """The whole page; `picture` is the file that lies beside it."""
    budget, cost = outcome.budget, outcome.cost
    one, two = budget.steps
    sections = [
        f"# Ablation, budget {budget.name}",
        "\n".join(f"- {line}" for line in verdicts(outcome)),
        f"Every arm: {one} steps of stage one and {two} of stage two, {budget.clips_a_step} clips a step, from the "
        f"same {budget.training_clips} training clips in the same order, training seeds "
        f"{', '.join(map(str, budget.seeds))}; noise seeds a clip: {budget.noise_seeds}. {budget.widening} Intervals "
        f"({COVERAGE:.0%}) are over training seeds and clips, one for each number and not corrected for how many are "
        "read. Studio clips: they say nothing of real video.",
        f"![Each metric's mean and interval, arm by arm]({picture})",
        "## Measured",
        markdown([*COLUMNS, *(NAMES[arm] for arm in outcome.arms)], measured_rows(outcome)),
        "\n".join(f"- not measured: {what}: {why}" for what, why in outcome.without.items()),
        "## What it costs",
        f"On {cost.device}, {cost.rounds} rounds in turns, processor seconds on a CPU. 1.00x is the network without "
        "experts whose feed-forward was not widened.",
        markdown(COST_COLUMNS, cost_rows(cost)),
        "## Published",
        f"{published.SOURCE}; of real videos, not measured here and not of the same clips, model or metrics.",
        markdown(["arm", *published.COLUMNS, "inference cost"], published_rows(outcome.arms)),
    ]
    return "\n\n".join(filter(None, sections)) + "\n"


def verdicts(outcome: Outcome) -> list[str]:
    """An arm a line: in which numbers it is surely better or worse than the full method."""
    lines: list[str] = []
    for arm in outcome.arms:
        if arm == FULL:
            continue
        cells = [cell for cell in outcome.cells if cell.arm == arm]
        sides = {side: [cell.metric for cell in cells if cell.verdict == side] for side in ("better", "worse")}
        said = [f"{side} in {', '.join(names)}" for side, names in sides.items() if names]
        rest = len(cells) - sum(map(len, sides.values()))
        lines.append(f"{NAMES[arm]}: {'; '.join([*said, f'not told apart from the full method in {rest}'])}")
    return lines


def measured_rows(outcome: Outcome) -> Rows:
    """A metric a row: the full method's value, and the others' difference to it, with intervals."""
    rows: Rows = []
    for metric in outcome.metrics:
        of_metric = {cell.arm: cell for cell in outcome.cells if cell.metric == metric}
        first = next(iter(of_metric.values()))
        better = "higher is better" if first.direction == "higher_is_better" else "lower is better"
        texts = [_text(of_metric[arm]) if arm in of_metric else "not measured" for arm in outcome.arms]
        rows.append([metric, f"{first.unit}, {better}", *texts])
    return rows


def published_rows(arms: Sequence[Ablation]) -> Rows:
    """The paper's rows of these arms."""
    return [
        [NAMES[arm], *(f"{score:g}" for score in published.SCORES[arm]), f"{published.INFERENCE_COST[arm]:.2f}x"]
        for arm in arms
    ]


def markdown(columns: Sequence[str], rows: Rows) -> str:
    """A table."""
    lines = [list(columns), ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _text(cell: Cell) -> str:
    value = f"{cell.value.mean:.3g}"
    if cell.difference is None:
        low, high = cell.value.interval(COVERAGE)
        return f"{value} ({low:.3g} to {high:.3g})"
    low, high = cell.difference.interval(COVERAGE)
    return f"{value}: {cell.difference.mean:+.2g} ({low:+.2g} to {high:+.2g}), {cell.verdict}"
