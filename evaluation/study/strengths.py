"""Who is better, by how much, and how sure is it: Bradley-Terry strengths, mean ranks, intervals, tests.

A tie is half a win for each. Strengths are choix's; a small credit to all keeps a method that never lost finite.
Intervals resample raters *and* clips (the pigeonhole bootstrap of Owen, 2007): a result should hold for other people
and other clips. A pair's p-value is the larger one of two: that bootstrap's, and that of a test which exchanges the two
methods' names in all answers of a rater (exact however few raters; it knows nothing of clips). Holm's procedure over
all pairs, since the best method is chosen by the same answers.

Shape legend: R raters, K clips, M methods, B draws.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import choix
import numpy as np
from numpy.typing import NDArray

from evaluation.clustered_interval import holm
from evaluation.study.judgements import Judgement

Real = NDArray[np.float64]
DRAWS = 1000
LEVEL = 0.05
REGULARISATION = 0.1  # judgements that every method is credited with against every other, so to say


@dataclass(frozen=True)
class Interval:
    """An estimate and the middle 95 % of its draws; None: one rater or one clip alone, nothing to draw from."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Standing:
    """How one method stands by one criterion."""

    slot: int
    mean_rank: Interval  # of M, as the paper reports it
    strength: Interval  # logit of beating an average method
    comparisons: int


@dataclass(frozen=True)
class Duel:
    """Two methods by one criterion."""

    pair: tuple[int, int]
    first_preferred: int
    ties: int
    second_preferred: int
    p_value: float | None  # two-sided; None: fewer than two raters or clips
    significant: bool  # after Holm's correction

    @property
    def count(self) -> int:
        return self.first_preferred + self.ties + self.second_preferred

    def share(self, slot: int) -> float:
        """Of the comparisons, those in which this one was preferred; ties are in the count, and nobody's."""
        wins = self.first_preferred if slot == self.pair[0] else self.second_preferred
        return wins / self.count if self.count else float("nan")


@dataclass(frozen=True)
class Result:
    """One criterion."""

    standings: tuple[Standing, ...]  # best first
    duels: tuple[Duel, ...]


def result_of(judgements: Sequence[Judgement], methods: int, seed: int) -> Result:
    """Strengths and tests of one criterion.

    Raises:
        ValueError: nothing was judged.
    """
    if not judgements:
        raise ValueError("nothing was judged yet")
    wins_RKMM = _wins(judgements, methods)
    total_MM = wins_RKMM.sum(axis=(0, 1))
    strength_M, rank_M = _strengths(total_MM), _mean_ranks(total_MM)
    drawn = _draws(wins_RKMM, seed)
    strengths_BM = None if drawn is None else np.array([_strengths(wins, strength_M) for wins in drawn])
    ranks_BM = None if drawn is None else np.array([_mean_ranks(wins) for wins in drawn])
    standings = [
        Standing(
            slot=slot,
            mean_rank=_interval(rank_M, ranks_BM, slot),
            strength=_interval(strength_M, strengths_BM, slot),
            comparisons=round(float((total_MM[slot] + total_MM[:, slot]).sum())),
        )
        for slot in range(methods)
    ]
    p_values = {pair: _p_value(wins_RKMM, strengths_BM, pair, seed) for pair in combinations(range(methods), 2)}
    known = {f"{pair}": p for pair, p in p_values.items() if p is not None}
    sure = holm(known, LEVEL)
    duels = [_duel(judgements, pair, p, f"{pair}" in sure) for pair, p in p_values.items()]
    return Result(tuple(sorted(standings, key=lambda one: (-one.strength.value, one.slot))), tuple(duels))


def _wins(judgements: Sequence[Judgement], methods: int) -> Real:
    """[R,K,M,M]: how often a rater held a clip's i better than its j; a tie is half."""
    raters = {name: at for at, name in enumerate(sorted({one.rater for one in judgements}))}
    clips = {clip: at for at, clip in enumerate(sorted({one.clip for one in judgements}))}
    wins = np.zeros((len(raters), len(clips), methods, methods))
    for one in judgements:
        (first, second), place = one.pair, (raters[one.rater], clips[one.clip])
        wins[(*place, first, second)] += (1 + one.better) / 2
        wins[(*place, second, first)] += (1 - one.better) / 2
    return wins


def _strengths(wins_MM: Real, near_M: Real | None = None) -> Real:
    """Bradley-Terry, mean 0; `near_M`: where the search begins."""
    credit = REGULARISATION * (1 - np.eye(len(wins_MM))) / 2
    strength = np.asarray(choix.ilsr_pairwise_dense(wins_MM + credit, initial_params=near_M, max_iter=500, tol=1e-5))
    return strength - strength.mean()


def _mean_ranks(wins_MM: Real) -> Real:
    """1 + how many others are better on average: of whole rankings exactly their mean rank."""
    count_MM = wins_MM + wins_MM.T
    lost_MM = np.divide(wins_MM.T, count_MM, out=np.full_like(wins_MM, 0.5), where=count_MM > 0)
    np.fill_diagonal(lost_MM, 0)
    return 1 + lost_MM.sum(axis=1)


def _draws(wins_RKMM: Real, seed: int) -> Real | None:
    """[B,M,M]: the wins of raters and clips drawn with replacement; a draw without any judgement is drawn again."""
    raters, clips = wins_RKMM.shape[:2]
    if raters < 2 or clips < 2:
        return None
    random = np.random.default_rng(seed)
    drawn: list[Real] = []
    while len(drawn) < DRAWS:
        rater_R = np.bincount(random.integers(raters, size=raters), minlength=raters)
        clip_K = np.bincount(random.integers(clips, size=clips), minlength=clips)
        wins = np.einsum("rkij,r,k->ij", wins_RKMM, rater_R.astype(float), clip_K.astype(float))
        if wins.any():
            drawn.append(wins)
    return np.array(drawn)


def _interval(value_M: Real, drawn_BM: Real | None, slot: int) -> Interval:
    if drawn_BM is None:
        return Interval(float(value_M[slot]), None, None)
    low, high = np.quantile(drawn_BM[:, slot], [LEVEL / 2, 1 - LEVEL / 2])
    return Interval(float(value_M[slot]), float(low), float(high))


def _p_value(wins_RKMM: Real, strengths_BM: Real | None, pair: tuple[int, int], seed: int) -> float | None:
    """That two methods are equal: the larger one of the bootstrap's and the exchange test's."""
    first, second = pair
    gain_R = (wins_RKMM[:, :, first, second] - wins_RKMM[:, :, second, first]).sum(axis=1)
    if strengths_BM is None:
        return None
    apart_B = strengths_BM[:, first] - strengths_BM[:, second]
    below, above = (np.sum(apart_B <= 0) + 1) / (len(apart_B) + 1), (np.sum(apart_B >= 0) + 1) / (len(apart_B) + 1)
    return float(max(min(1.0, 2 * min(below, above)), _exchange_p(gain_R, seed)))


def _exchange_p(gain_R: Real, seed: int) -> float:
    """Share of exchanges of names, rater by rater, that give a difference at least as large."""
    random = np.random.default_rng(seed)
    signs_BR = random.choice([-1.0, 1.0], size=(10 * DRAWS, len(gain_R)))
    far = np.abs(signs_BR @ gain_R) >= abs(gain_R.sum()) - 1e-9
    return float((far.sum() + 1) / (len(far) + 1))


def _duel(judgements: Sequence[Judgement], pair: tuple[int, int], p_value: float | None, sure: bool) -> Duel:
    better = [one.better for one in judgements if one.pair == pair]
    return Duel(pair, better.count(1), better.count(0), better.count(-1), p_value, sure)
