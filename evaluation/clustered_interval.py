"""How sure is a mean gain: clips of one person, one product or one action count as one another's relatives.

A gain that one action alone has would look sure if every clip counted as a witness of its own. So the variance of the
mean has a part for the clips and, for each grouping (person, product, action), what its clusters vary beyond that; a
part that would be negative is 0. The degrees of freedom are Satterthwaite's, so that few clusters give a wide interval.
How often such an interval misses was simulated: docs/decisions/0016.

Not a cluster bootstrap: with 8 clusters its intervals are too narrow. Not statsmodels' mixed models: they do not
converge on 16 clips, and this is read at the gate, where an estimate must always come.

Shape legend: N clips.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]


@dataclass(frozen=True)
class MeanGain:
    """A mean over clips with its uncertainty."""

    mean: float
    standard_error: float
    degrees_of_freedom: float
    clips: int

    def bound(self, level: float) -> float:
        """The lower bound that the true mean lies below with probability `level` at most."""
        return self.mean - self._quantile(level) * self.standard_error

    def interval(self, coverage: float) -> tuple[float, float]:
        """The interval that holds the true mean with this probability."""
        half = self._quantile((1 - coverage) / 2) * self.standard_error
        return self.mean - half, self.mean + half

    def p_value(self, least: float = 0.0) -> float:
        """How likely so large a mean is where the true one is `least`; one-sided."""
        from scipy.special import stdtr

        beyond = self.mean - least
        if self.standard_error == 0:
            return 0.0 if beyond > 0 else 1.0
        return float(stdtr(self.degrees_of_freedom, -beyond / self.standard_error))

    def chance_to_see(self, true_gain: float, level: float, least_mean: float = 0.0) -> float:
        """How often a true gain has a bound above 0 and a mean of `least_mean` or more, were it measured again."""
        from scipy.special import stdtr

        if self.standard_error == 0:
            return float(true_gain > 0 and true_gain >= least_mean)
        needed = max(self._quantile(level), least_mean / self.standard_error)
        return float(stdtr(self.degrees_of_freedom, true_gain / self.standard_error - needed))

    def _quantile(self, level: float) -> float:
        from scipy.special import stdtrit

        return float(stdtrit(self.degrees_of_freedom, 1 - level)) if self.standard_error else 0.0


def mean_gain(gains_N: Sequence[float] | Real, groupings: Mapping[str, Sequence[str]]) -> MeanGain:
    """The mean of these gains and how sure it is.

    Args:
        gains_N: one a clip.
        groupings: name of the grouping -> the cluster of each clip. One whose clusters are single clips says nothing
            that the clips do not, and one with a single cluster cannot be estimated: both are left out.

    Raises:
        ValueError: fewer than two clips, from which no spread can be estimated.
    """
    gains = np.asarray(gains_N, dtype=np.float64)
    count = len(gains)
    if count < 2:
        raise ValueError(f"{count} clip has no spread: an interval needs two clips or more")
    of_clips = _variance(gains, np.arange(count))
    parts = [(of_clips, count - 1)]
    for labels in _informative(groupings, count):
        parts.append((max(0.0, _variance(gains, labels) - of_clips), int(labels.max())))
    variance = sum(part for part, _ in parts)
    freedom = variance**2 / sum(part**2 / df for part, df in parts) if variance > 0 else float(count - 1)
    return MeanGain(float(gains.mean()), float(np.sqrt(variance)), float(freedom), count)


def holm(p_values: Mapping[str, float], level: float) -> set[str]:
    """Which of several hypotheses are rejected, so that a false one is among them with probability `level` at most.

    Holm's step-down procedure (1979).
    """
    rejected: set[str] = set()
    for place, name in enumerate(sorted(p_values, key=p_values.__getitem__)):
        if p_values[name] > level / (len(p_values) - place):
            break
        rejected.add(name)
    return rejected


def _informative(groupings: Mapping[str, Sequence[str]], count: int) -> list[NDArray[np.intp]]:
    """The different groupings as numbers 0, 1 ... for each clip."""
    kept: dict[bytes, NDArray[np.intp]] = {}
    for clusters in groupings.values():
        first_seen = {cluster: place for place, cluster in enumerate(dict.fromkeys(clusters))}
        labels = np.array([first_seen[cluster] for cluster in clusters], dtype=np.intp)
        if 1 < len(first_seen) < count:
            kept[labels.tobytes()] = labels
    return list(kept.values())


def _variance(gains_N: Real, labels_N: NDArray[np.intp]) -> float:
    """Of the mean, were the clusters drawn independently: from the sums of their deviations."""
    clusters = int(labels_N.max()) + 1
    sums = np.bincount(labels_N, gains_N - gains_N.mean(), clusters)
    return float(np.square(sums).sum()) * clusters / (clusters - 1) / len(gains_N) ** 2
