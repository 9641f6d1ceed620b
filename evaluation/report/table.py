"""The report's table: one row a metric, one column a role, the champion's number and what the gate requires."""

import math
from dataclasses import dataclass

from evaluation.catalogue import ROLE_TITLES, MetricDefinition, definitions, families, role_name
from evaluation.contracts import EvaluationReport, GateConfig
from evaluation.measuring.kinds import Role

DOES_NOT_DECIDE = "it lays out the numbers of a report that is finished"

COLUMNS: tuple[Role, ...] = (
    "baseline",
    "model",
    "ceiling",
    "prompt_shuffled",
    "audio_shuffled",
    "person_shuffled",
    "product_shuffled",
)


@dataclass(frozen=True)
class Row:
    """One metric, written out for people. Empty cells are dashes."""

    name: str
    title: str
    description: str
    unit: str
    better: str  # "higher" or "lower"
    cells: dict[str, str]  # role -> number
    champion: str
    required: str
    note: str


def columns_of(report: EvaluationReport) -> list[tuple[Role, str]]:
    """The columns that some metric of the report fills: an exam need not have every variant."""
    return [
        (role, ROLE_TITLES[role])
        for role in COLUMNS
        if any(role_name(name, role) in report.metrics for name in families())
    ]


def table_rows(report: EvaluationReport, champion: EvaluationReport | None, gate: GateConfig | None) -> list[Row]:
    """Rows in the catalogue's order, metrics that the report does not have left out."""
    rows = [definition for definition in definitions().values() if definition.role == "model"]
    return [_row(definition, report, champion, gate) for definition in rows if definition.name in report.metrics]


def number(value: float | None) -> str:
    """A value with one decimal from 10 on and two below, or a dash."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def role_number(report: EvaluationReport, name: str, role: Role) -> str:
    """A metric's value in one role as `number` writes it."""
    metric = report.metrics.get(role_name(name, role))
    return number(metric.value if metric else None)


def way_to_ceiling(report: EvaluationReport, name: str) -> float | None:
    """Where the model stands between the metric's baseline (0) and its ceiling (1); None where one is missing."""
    roles: tuple[Role, ...] = ("baseline", "model", "ceiling")
    values = [report.metrics.get(role_name(name, role)) for role in roles]
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
    return Row(
        name=definition.name,
        title=definition.title,
        description=definition.description,
        unit=definition.unit,
        better="higher" if definition.direction == "higher_is_better" else "lower",
        cells={role: role_number(report, definition.name, role) for role in COLUMNS},
        champion=_champion_cell(definition.name, report, champion),
        required=_required(definition, gate),
        note=report.metrics[definition.name].note,
    )


def _champion_cell(name: str, report: EvaluationReport, champion: EvaluationReport | None) -> str:
    if champion is None:
        return "–"
    return role_number(champion, name, "model") if champion.exam_digest == report.exam_digest else "other exam"


def _required(definition: MetricDefinition, gate: GateConfig | None) -> str:
    floors = [rule.floor for rule in gate.rules if rule.metric == definition.name] if gate else []
    if not floors or floors[0] is None:
        return "–"
    return f"{'≥' if definition.direction == 'higher_is_better' else '≤'} {floors[0]:g}"
