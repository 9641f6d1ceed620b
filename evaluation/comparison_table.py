"""Two models side by side, for people: every metric with its interval, and where the difference comes from."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.catalogue import definitions
from evaluation.compare import Comparison, compare_metric, group_of, require_same_exam
from evaluation.contracts import EvaluationReport, Grouping

COVERAGE = 0.9
By = Grouping | None


@dataclass(frozen=True)
class Line:
    """One metric of both models. A positive gain: the first is better."""

    metric: str
    unit: str
    first: float
    second: float
    gain: float
    interval: tuple[float, float]
    noise_floors: float | None  # the gain in standard errors that noise seeds alone cause; None: one seed a clip
    clips: int

    @property
    def verdict(self) -> str:
        low, high = self.interval
        return "better" if low > 0 else "worse" if high < 0 else "not told apart"


def compared_lines(first: EvaluationReport, second: EvaluationReport) -> tuple[list[Line], dict[str, str]]:
    """A line for every metric of the models' own videos that both have clip by clip, and why others have none.

    Raises:
        ValueError: the reports are of different exams.
    """
    require_same_exam(first, second)
    lines: list[Line] = []
    without: dict[str, str] = {}
    own = [name for name, definition in definitions().items() if definition.role == "model" and name in first.metrics]
    for name in own:
        try:
            lines.append(_line(compare_metric(first, second, name)))
        except ValueError as error:
            without[name] = str(error)
    return lines, without


def gains_by(
    first: EvaluationReport, second: EvaluationReport, metrics: Sequence[str], by: By
) -> dict[str, dict[str, float]]:
    """Cluster (or clip, where `by` is None) -> metric -> mean gain of the first model."""
    table: dict[str, dict[str, list[float]]] = {}
    for name in metrics:
        for clip, gain in compare_metric(first, second, name).gains.items():
            cluster = clip if by is None else group_of(first, clip, by)
            table.setdefault(cluster, {}).setdefault(name, []).append(gain)
    return {
        cluster: {name: math.fsum(gains) / len(gains) for name, gains in of_metric.items()}
        for cluster, of_metric in sorted(table.items())
    }


def as_csv(lines: Sequence[Line]) -> str:
    """The lines as a CSV file's text."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["metric", "unit", "first", "second", "gain", "low", "high", "noise_floors", "clips", "verdict"])
    for line in lines:
        noise = "" if line.noise_floors is None else line.noise_floors
        values = [line.metric, line.unit, line.first, line.second, line.gain, *line.interval, noise]
        writer.writerow([*values, line.clips, line.verdict])
    return file.getvalue()


def _line(compared: Comparison) -> Line:
    floors = [compared.challenger.noise_floor, compared.champion.noise_floor]
    noise = math.hypot(*(floor for floor in floors if floor is not None)) if None not in floors else 0.0
    gain = compared.gain
    return Line(
        metric=compared.challenger.name,
        unit=compared.challenger.unit,
        first=compared.new,
        second=compared.old,
        gain=gain.mean,
        interval=gain.interval(COVERAGE),
        noise_floors=gain.mean / noise if noise else None,
        clips=gain.clips,
    )
