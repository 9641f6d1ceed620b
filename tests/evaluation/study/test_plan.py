"""The plan of questions: balanced whenever raters stop coming, the same from the same seed, with repeats and checks."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import pytest

from evaluation.study.contracts import DAMAGED, Question
from evaluation.study.plan import Plans, rater_plans, repeats_of
from tests.evaluation.study.conftest import plain_study


def judged(plans: list[tuple[Question, ...]]) -> list[Question]:
    return [question for plan in plans for question in plan if question.kind == "judged"]


@pytest.mark.parametrize("raters", [1, 3, 7, 24])
def test_pairs_and_sides_are_balanced_however_many_raters_come(raters: int) -> None:
    questions = judged(list(islice(rater_plans(plain_study(methods=4, clips=5)), raters)))
    pairs = Counter(tuple(sorted(question.slots)) for question in questions)
    assert len(pairs) == 6
    assert max(pairs.values()) - min(pairs.values()) <= 1
    for pair in pairs:
        left = Counter(question.slots[0] for question in questions if tuple(sorted(question.slots)) == pair)
        assert abs(left[pair[0]] - left[pair[1]]) <= 1
    clips = Counter(question.clip for question in questions)
    assert max(clips.values()) - min(clips.values()) <= 2


def test_rankings_show_every_method_about_equally_often_at_each_place() -> None:
    questions = judged(list(islice(rater_plans(plain_study(7, 50, "ranks")), 24)))
    assert len(questions) == 240
    places = Counter((place, slot) for question in questions for place, slot in enumerate(question.slots))
    assert len(places) == 49
    assert min(places.values()) > 240 / 7 - 10
    assert max(places.values()) < 240 / 7 + 10


def test_the_seed_decides_and_raters_differ() -> None:
    study = plain_study(3, 6)
    first, again = (list(islice(rater_plans(study), 3)) for _ in range(2))
    assert first == again
    assert len(set(first)) == 3
    assert list(islice(rater_plans(study.model_copy(update={"seed": 4})), 3)) != first
    assert Plans(study).of(2) == first[2]


@pytest.mark.parametrize(("mode", "methods"), [("pairs", 2), ("ranks", 5)])
def test_some_questions_come_again_the_other_way_round_and_some_are_checks(mode: str, methods: int) -> None:
    study = plain_study(methods, 12, "pairs" if mode == "pairs" else "ranks", damaged=2)
    plan = next(rater_plans(study))
    assert [question.number for question in plan] == list(range(len(plan)))
    repeated = [question for question in plan if question.kind == "repeated"]
    assert len(repeated) == repeats_of(10) == 2
    for question in repeated:
        assert question.repeats is not None
        original = plan[question.repeats]
        assert (original.kind, original.clip, original.slots) == ("judged", question.clip, question.slots[::-1])
    checks = [question for question in plan if question.kind == "check"]
    assert [question.slots.count(DAMAGED) for question in checks] == [1, 1]
    assert all(len(question.slots) == (2 if mode == "pairs" else 5) for question in checks)
    asked = [(question.clip, tuple(sorted(question.slots))) for question in plan if question.kind == "judged"]
    assert len(set(asked)) == len(asked), "nothing is asked twice unawares"


def test_raters_who_come_at_once_get_their_own_plans() -> None:
    study = plain_study(7, 50)
    plans = Plans(study)
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(plans.of, range(16)))
    assert drawn == list(islice(rater_plans(study), 16))
