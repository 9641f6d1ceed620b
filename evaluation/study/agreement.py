"""Krippendorff's alpha: how far raters agree beyond chance, with any number of raters and missing answers.

1: always; 0: as by chance. Ordinal: "better" against "worse" is a larger disagreement than "better" against "tie". The
test holds it against the worked example of Krippendorff (2011), "Computing Krippendorff's alpha-reliability"; no
package for thirty lines. Shape legend: V values in order.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from evaluation.study.judgements import Judgement

Real = NDArray[np.float64]


def agreement(judgements: Iterable[Judgement]) -> float | None:
    """Alpha over what several raters judged: one unit for every clip and pair. None: nothing was judged twice."""
    units: defaultdict[tuple[int, tuple[int, int]], list[int]] = defaultdict(list)
    for one in judgements:
        units[one.clip, one.pair].append(one.better)
    return krippendorff_alpha(list(units.values()))


def krippendorff_alpha(units: Sequence[Sequence[int]]) -> float | None:
    """Ordinal alpha of the values that each unit was given; None where no unit has two, or all values are equal."""
    paired = [unit for unit in units if len(unit) > 1]
    values = sorted({value for unit in paired for value in unit})
    if len(values) < 2:
        return None
    index = {value: at for at, value in enumerate(values)}
    coincidences_VV = np.zeros((len(values), len(values)))
    for unit in paired:
        counts_V = np.bincount([index[value] for value in unit], minlength=len(values)).astype(np.float64)
        coincidences_VV += (np.outer(counts_V, counts_V) - np.diag(counts_V)) / (len(unit) - 1)
    totals_V = coincidences_VV.sum(axis=0)
    distance_VV = _ordinal_distance(totals_V)
    expected = (np.outer(totals_V, totals_V) * distance_VV).sum() / (totals_V.sum() - 1)
    return float(1 - (coincidences_VV * distance_VV).sum() / expected)


def _ordinal_distance(totals_V: Real) -> Real:
    """Squared number of values that lie between two, those at the ends counted half."""
    upto_V = np.cumsum(totals_V) - totals_V / 2
    return np.square(upto_V[:, None] - upto_V[None, :])
