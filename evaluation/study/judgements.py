"""Answers become judgements: for each question that counts, who of two methods was held to be better.

A ranking of M methods is M (M - 1) / 2 judgements of pairs; so pairs and ranks go one way from here on.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from evaluation.study.contracts import CRITERIA, Answer, Question, Study
from evaluation.study.plan import Plans


@dataclass(frozen=True)
class Judgement:
    """One rater on one clip and two slots; 1: the first is better, -1: the second is, 0: a tie."""

    rater: str
    clip: int
    pair: tuple[int, int]  # the lower slot first
    better: int


@dataclass(frozen=True)
class Asked:
    """A question with all of its criteria answered: criterion -> ranks in the order shown."""

    rater: str
    question: Question
    ranks: Mapping[str, tuple[int, ...]]
    seconds: float


def asked_of(study: Study, raters: Mapping[str, int], answers: Sequence[Answer]) -> list[Asked]:
    """The answered questions, by rater and number.

    Raises:
        ValueError: an answer is to a question that the study does not ask.
    """
    plans = Plans(study)
    grouped: defaultdict[tuple[str, int], list[Answer]] = defaultdict(list)
    for answer in answers:
        grouped[answer.rater, answer.question].append(answer)
    found: list[Asked] = []
    for (rater, number), group in sorted(grouped.items()):
        plan = plans.of(raters[rater]) if rater in raters else ()
        ranks = {answer.criterion: answer.ranks for answer in group}
        if number >= len(plan) or set(ranks) != set(CRITERIA):
            raise ValueError(f"answer {number} of rater {rater} fits no question of study {study.name}: was it edited?")
        found.append(Asked(rater, plan[number], ranks, group[0].seconds))
    return found


def judgements_of(asked: Sequence[Asked], criterion: str) -> list[Judgement]:
    """What counts: questions asked for the first time, no checks."""
    return [
        judgement for one in asked if one.question.kind == "judged" for judgement in _pairs(one, one.ranks[criterion])
    ]


def _pairs(asked: Asked, ranks: tuple[int, ...]) -> list[Judgement]:
    rank = dict(zip(asked.question.slots, ranks, strict=True))
    return [
        Judgement(asked.rater, asked.question.clip, (one, other), _sign(rank[other] - rank[one]))
        for one, other in combinations(sorted(rank), 2)
    ]


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)
