"""Whether a rater looked and is consistent: damaged copies, questions that came again, and the sides chosen."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from evaluation.study.contracts import DAMAGED
from evaluation.study.judgements import Asked


@dataclass(frozen=True)
class RaterQuality:
    """One rater."""

    rater: str
    answered: int
    checks: int
    checks_failed: int
    repeated: int  # judgements that were asked for twice
    repeated_alike: int
    first_place: float | None  # share of the questions with a difference in which the leftmost video won
    median_seconds: float

    @property
    def failed(self) -> bool:
        """They did not see what everybody sees."""
        return self.checks_failed > 0


def rater_qualities(asked: Sequence[Asked]) -> list[RaterQuality]:
    """One for every rater who answered something."""
    raters = dict.fromkeys(one.rater for one in asked)
    return [_quality(rater, [one for one in asked if one.rater == rater]) for rater in raters]


def _quality(rater: str, own: Sequence[Asked]) -> RaterQuality:
    checks = [one for one in own if one.question.kind == "check"]
    by_number = {one.question.number: one for one in own}
    again = [(by_number[one.question.repeats], one) for one in own if one.question.repeats in by_number]
    alike = [_by_slot(first, name) == _by_slot(second, name) for first, second in again for name in first.ranks]
    counted = [one for one in own if one.question.kind == "judged"]
    decided = [ranks for one in counted for ranks in one.ranks.values() if len(set(ranks)) > 1]
    return RaterQuality(
        rater=rater,
        answered=len(own),
        checks=len(checks),
        checks_failed=sum(not _sees_damage(one) for one in checks),
        repeated=len(alike),
        repeated_alike=sum(alike),
        first_place=sum(ranks[0] == 1 for ranks in decided) / len(decided) if decided else None,
        median_seconds=median(one.seconds for one in own),
    )


def _sees_damage(asked: Asked) -> bool:
    """Whether the damaged copy is last by every criterion, and alone there."""
    place = asked.question.slots.index(DAMAGED)
    return all(ranks[place] == max(ranks) and ranks.count(max(ranks)) == 1 for ranks in asked.ranks.values())


def _by_slot(asked: Asked, criterion: str) -> dict[int, int]:
    return dict(zip(asked.question.slots, asked.ranks[criterion], strict=True))
