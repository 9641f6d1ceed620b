"""The report's table: one row a metric family, one column a role, plus what the gate asks and the champion reached."""

import math
from dataclasses import dataclass

from evaluation.contracts import EvaluationReport, GateConfig, Metric
from evaluation.metrics.catalogue import DEFINITIONS, MetricDefinition, Role

COLUMNS: tuple[tuple[Role, str], ...] = (
    ("baseline", "baseline"),
    ("model", "this model"),
    ("ceiling", "ceiling"),
    ("prompt_shuffled", "other prompt"),
    ("audio_shuffled", "other audio"),
)


@dataclass(frozen=True)
class Row:
    """One metric family, written out for people. Empty cells are dashes."""

    title: str
    says: str
    unit: str
    better: str  # "higher" or "lower"
    cells: dict[str, str]  # role -> number
    champion: str
    asked: str
    note: str
    way_to_ceiling: float | None  # 0: at the baseline, 1: at the ceiling


def table_rows(report: EvaluationReport, champion: EvaluationReport | None, gate: GateConfig | None) -> list[Row]:
    """Rows in the catalogue's order, families that the report does not have left out."""
    models = [definition for definition in DEFINITIONS if definition.role == "model"]
    return [_row(definition, report, champion, gate) for definition in models if definition.name in report.metrics]


def number(metric: Metric | None) -> str:
    """A metric's value with one decimal from 10 on and two below, or a dash."""
    if metric is None or metric.value is None or not math.isfinite(metric.value):
        return "–"
    return f"{metric.value:.1f}" if abs(metric.value) >= 10 else f"{metric.value:.2f}"


def way_to_ceiling(report: EvaluationReport, family: str) -> float | None:
    """Where the model stands between the family's baseline (0) and its ceiling (1); None where one is missing."""
    values = [report.metrics.get(name) for name in (f"{family}_baseline", family, f"{family}_ceiling")]
    numbers = [metric.value for metric in values if metric is not None and metric.value is not None]
    if len(numbers) < 3 or numbers[0] == numbers[2]:
        return None
    baseline, model, ceiling = numbers
    return min(1.0, max(0.0, (model - baseline) / (ceiling - baseline)))


def _row(
    definition: MetricDefinition,
    report: EvaluationReport,
    champion: EvaluationReport | None,
    gate: GateConfig | None,
) -> Row:
    family = {other.role: report.metrics.get(other.name) for other in DEFINITIONS if other.family == definition.name}
    return Row(
        title=definition.name.replace("_", " "),
        says=definition.says,
        unit=definition.unit,
        better="higher" if definition.direction == "higher_is_better" else "lower",
        cells={role: number(family.get(role)) for role, _ in COLUMNS},
        champion=_champion_cell(definition.name, report, champion),
        asked=_asked(definition, gate),
        note=report.metrics[definition.name].note,
        way_to_ceiling=way_to_ceiling(report, definition.name),
    )


def _champion_cell(name: str, report: EvaluationReport, champion: EvaluationReport | None) -> str:
    if champion is None:
        return "–"
    return number(champion.metrics.get(name)) if champion.exam_digest == report.exam_digest else "other exam"


def _asked(definition: MetricDefinition, gate: GateConfig | None) -> str:
    floors = [rule.floor for rule in gate.rules if rule.metric == definition.name] if gate else []
    if not floors or floors[0] is None:
        return "–"
    return f"{'≥' if definition.direction == 'higher_is_better' else '≤'} {floors[0]:g}"
