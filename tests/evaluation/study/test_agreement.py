"""Krippendorff's alpha against published numbers, and where there is none."""

import pytest

from evaluation.study.agreement import agreement, krippendorff_alpha
from evaluation.study.judgements import Judgement

# Krippendorff (2011), "Computing Krippendorff's alpha-reliability", section D: four observers, twelve units
UNITS = [[1, 1, 1], [2, 2, 3, 2], [3, 3, 3, 3], [3, 3, 3, 3], [2, 2, 2, 2], [1, 2, 3, 4], [4, 4, 4, 4]]
MORE = [[1, 1, 2, 1], [2, 2, 2, 2], [5, 5, 5], [1, 1], [3]]


def test_the_published_example() -> None:
    alpha = krippendorff_alpha([*UNITS, *MORE])
    assert alpha == pytest.approx(0.815, abs=0.0006)


def test_full_agreement_chance_and_opposition() -> None:
    assert krippendorff_alpha([[1, 1], [-1, -1], [0, 0]]) == pytest.approx(1)
    opposed = krippendorff_alpha([[1, -1]] * 10)
    assert opposed is not None
    assert opposed < 0


def test_none_where_nothing_can_disagree() -> None:
    assert krippendorff_alpha([[1], [2]]) is None
    assert krippendorff_alpha([[1, 1], [1, 1]]) is None
    assert agreement([]) is None


def test_judgements_of_one_clip_and_pair_are_one_unit() -> None:
    judgements = [Judgement(rater, clip, (0, 1), 1 if clip else -1) for rater in "ab" for clip in range(4)]
    assert agreement(judgements) == pytest.approx(1)
