"""The numbers of an ablation: each arm's mean and its difference to the full method, with intervals.

An interval covers what other training seeds and other clips would have given: the variance of the mean over clips
(relatives by person, product and action counted, see evaluation.clustered_interval) plus its variance over training
seeds. Differences are taken clip by clip and seed by seed, because all arms have the same. The intervals are one for
each number; nothing is corrected for how many are looked at. Imports no torch.
"""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.ablation.contracts import NAMES, AblationCost, ArmResult
from evaluation.clustered_interval import MeanGain, mean_gain
from evaluation.contracts import GROUPINGS, ClipGroups, Direction
from model.contracts import Ablation

COVERAGE = 0.95
FULL: Ablation = "full"
Values = dict[tuple[int, str], float]
"""(training seed, clip) -> value."""


@dataclass(frozen=True)
class Cell:
    """One metric of one arm."""

    metric: str
    unit: str
    direction: Direction
    arm: Ablation
    seeds: int
    clips: int
    value: MeanGain
    difference: MeanGain | None  # to the full method; None: it is the full method

    @property
    def verdict(self) -> str:
        """Against the full method."""
        if self.difference is None:
            return ""
        low, high = self.difference.interval(COVERAGE)
        if low <= 0 <= high:
            return "not told apart"
        return "better" if (low > 0) == (self.direction == "higher_is_better") else "worse"


def cells_of(results: Sequence[ArmResult], metrics: Sequence[str]) -> tuple[list[Cell], dict[str, str]]:
    """A cell for every metric and arm that has it on two clips with two seeds, and why others have none."""
    by_arm: dict[Ablation, list[ArmResult]] = {}
    for result in results:
        by_arm.setdefault(result.arm, []).append(result)
    cells: list[Cell] = []
    without: dict[str, str] = {}
    for name in metrics:
        full = _values(by_arm[FULL], name)
        for arm, of_arm in by_arm.items():
            values = _values(of_arm, name)
            shared = {key: value - full[key] for key, value in values.items() if key in full}
            if not (_enough(values) and _enough(shared)):
                without[f"{name}, {NAMES[arm]}"] = of_arm[0].metrics[name].note or "too few clips have a value"
                continue
            metric = of_arm[0].metrics[name]
            seeds, clips = ({key[part] for key in values} for part in (0, 1))
            groups = of_arm[0].clips
            difference = None if arm == FULL else over_seeds_and_clips(shared, groups)
            value = over_seeds_and_clips(values, groups)
            about = (name, metric.unit, metric.direction, arm, len(seeds), len(clips))
            cells.append(Cell(*about, value, difference))
    return cells, without


def over_seeds_and_clips(values: Values, groups: Mapping[str, ClipGroups]) -> MeanGain:
    """The mean over training seeds and clips, and how sure it is.

    Args:
        values: of two seeds and two clips at least.
        groups: what each clip has in common with others; a clip without is nobody's relative.
    """
    by_clip, by_seed = _means(values, 1), _means(values, 0)
    clips = [str(clip) for clip in by_clip]
    known = {clip: groups[clip].groups for clip in clips if clip in groups}
    groupings = {of: [known.get(clip, {}).get(of, clip) for clip in clips] for of in GROUPINGS}
    of_clips = mean_gain(list(by_clip.values()), groupings)
    seeds = np.array(list(by_seed.values()))
    parts = [
        (of_clips.standard_error**2, of_clips.degrees_of_freedom),
        (float(seeds.var(ddof=1)) / len(seeds), float(len(seeds) - 1)),
    ]
    variance = sum(part for part, _ in parts)
    freedom = variance**2 / sum(part**2 / df for part, df in parts) if variance > 0 else parts[0][1]
    return MeanGain(of_clips.mean, math.sqrt(variance), freedom, len(values))


def as_csv(cells: Sequence[Cell]) -> str:
    """The cells as a CSV file's text; differences of the full method to itself are empty."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    ends = ["low", "high"]
    head = ["metric", "unit", "direction", "arm", "seeds", "clips", "value", *ends]
    writer.writerow([*head, "difference_to_full", *(f"difference_{end}" for end in ends), "verdict"])
    for cell in cells:
        own = [cell.metric, cell.unit, cell.direction, cell.arm, cell.seeds, cell.clips]
        writer.writerow([*own, *_numbers(cell.value), *_numbers(cell.difference), cell.verdict])
    return file.getvalue()


def cost_csv(cost: AblationCost) -> str:
    """What the arms cost, as a CSV file's text."""
    file = io.StringIO()
    fields = list(next(iter(cost.arms.values())).model_dump())
    writer = csv.DictWriter(file, ["arm", *fields], lineterminator="\n")
    writer.writeheader()
    writer.writerows({"arm": arm, **of_arm.model_dump()} for arm, of_arm in cost.arms.items())
    return file.getvalue()


def _values(results: Sequence[ArmResult], name: str) -> Values:
    return {(result.seed, clip): value for result in results for clip, value in result.metrics[name].per_clip.items()}


def _enough(values: Values) -> bool:
    return all(len({key[part] for key in values}) > 1 for part in (0, 1))


def _means(values: Values, part: int) -> dict[int | str, float]:
    """Mean value of each seed (0) or each clip (1)."""
    gathered: dict[int | str, list[float]] = {}
    for key, value in values.items():
        gathered.setdefault(key[part], []).append(value)
    return {of: math.fsum(several) / len(several) for of, several in gathered.items()}


def _numbers(gain: MeanGain | None) -> list[float | str]:
    return ["", "", ""] if gain is None else [gain.mean, *gain.interval(COVERAGE)]
