"""Strengths, mean ranks and tests: what is known is found, ties are halves, and equal methods are seldom told apart."""

from collections.abc import Sequence
from itertools import combinations
from math import log

import numpy as np
import pytest

from evaluation.study.judgements import Judgement
from evaluation.study.strengths import result_of


def judged(
    quality: Sequence[float], raters: int, clips: int, seed: int, ties: float = 0.0, of_clips: float = 0.0
) -> list[Judgement]:
    """Every rater on every clip and pair; `of_clips`: how far (logit) clips differ in who is better on them."""
    random = np.random.default_rng(seed)
    found: list[Judgement] = []
    for clip in range(clips):
        strength = np.log(quality) + random.normal(0, of_clips, len(quality))
        for rater in range(raters):
            for pair in combinations(range(len(quality)), 2):
                wins = random.random() < 1 / (1 + np.exp(strength[pair[1]] - strength[pair[0]]))
                better = 0 if random.random() < ties else 1 if wins else -1
                found.append(Judgement(f"r{rater}", clip, pair, better))
    return found


def test_known_strengths_are_found() -> None:
    result = result_of(judged((1.0, 4.0, 2.0), raters=20, clips=20, seed=0), methods=3, seed=0)
    assert [one.slot for one in result.standings] == [1, 2, 0]
    strength = {one.slot: one.strength for one in result.standings}
    assert strength[1].value - strength[0].value == pytest.approx(log(4), abs=0.25)
    assert strength[1].value - strength[2].value == pytest.approx(log(2), abs=0.25)
    for one in result.standings:
        assert one.mean_rank.low is not None
        assert one.mean_rank.high is not None
        assert one.mean_rank.low < one.mean_rank.value < one.mean_rank.high
    assert all(duel.significant for duel in result.duels)


def test_mean_ranks_of_whole_rankings_are_their_means() -> None:
    rankings = [(1, 2, 3), (1, 3, 2), (2, 1, 3), (1, 1, 2)]
    judgements = [
        Judgement(f"r{at}", 0, (one, other), int(np.sign(ranks[other] - ranks[one])))
        for at, ranks in enumerate(rankings)
        for one, other in combinations(range(3), 2)
    ]
    result = result_of(judgements, methods=3, seed=0)
    means = np.mean([(1, 2, 3), (1, 3, 2), (2, 1, 3), (1.5, 1.5, 3)], axis=0)
    assert {one.slot: one.mean_rank.value for one in result.standings} == pytest.approx(dict(enumerate(means)))


def test_ties_are_counted_and_are_nobody_s() -> None:
    judgements = [Judgement(f"r{at}", at % 2, (0, 1), better) for at, better in enumerate((1, 1, 0, -1))]
    (duel,) = result_of(judgements, methods=2, seed=0).duels
    assert (duel.first_preferred, duel.ties, duel.second_preferred) == (2, 1, 1)
    assert (duel.share(0), duel.share(1)) == (0.5, 0.25)


def test_one_rater_or_one_clip_gives_an_estimate_and_no_certainty() -> None:
    for raters, clips in ((1, 8), (8, 1)):
        result = result_of(judged((3.0, 1.0), raters, clips, seed=1), methods=2, seed=0)
        assert result.duels[0].p_value is None
        assert not result.duels[0].significant
        assert result.standings[0].strength.low is None


def test_a_method_that_never_lost_has_a_finite_strength() -> None:
    judgements = [Judgement(f"r{at}", at % 3, (0, 1), 1) for at in range(6)]
    assert 0 < result_of(judgements, methods=2, seed=0).standings[0].strength.value < 10


def test_equal_methods_are_seldom_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole studies of equal methods, eight raters and eight clips that differ: any pair significant in 5 % at most."""
    monkeypatch.setattr("evaluation.study.strengths.DRAWS", 200)
    studies = 40
    wrong = sum(
        any(duel.significant for duel in result_of(judged((1, 1), 8, 8, seed, 0.2, 1.0), 2, seed).duels)
        for seed in range(studies)
    )
    assert wrong <= 5, "2 expected at 5 %; 6 or more in one of 70 runs"
