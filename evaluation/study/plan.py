"""Which questions a rater is asked, in which order: drawn from the study's seed and the rater's number alone.

Balanced over the raters as they come, whenever they stop coming: every pair of methods and every clip equally often,
the methods of a pair equally often left and right, those of a ranking about equally often at each place. Some questions
come again with the videos in the opposite order (is the rater consistent?) and some show a damaged copy (does the
rater look?); neither counts in the result.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from random import Random
from threading import Lock

from evaluation.study.contracts import DAMAGED, Question, Study

Slots = tuple[int, ...]


class Plans:
    """The plans of all raters; one is drawn when it is first asked for."""

    def __init__(self, study: Study) -> None:
        self._drawn: list[tuple[Question, ...]] = []
        self._more = rater_plans(study)
        self._drawing = Lock()  # raters ask at the same time

    def of(self, rater: int) -> tuple[Question, ...]:
        """The questions of a rater, who is known by a number from 0."""
        with self._drawing:
            while len(self._drawn) <= rater:
                self._drawn.append(next(self._more))
        return self._drawn[rater]


def groups_of(mode: str, methods: int) -> list[Slots]:
    """What may be shown together: every pair, or all."""
    return list(combinations(range(methods), 2)) if mode == "pairs" else [tuple(range(methods))]


def most_questions(mode: str, methods: int, clips: int) -> int:
    """So many that nothing is asked twice."""
    return clips * len(groups_of(mode, methods))


def rater_plans(study: Study) -> Iterator[tuple[Question, ...]]:
    """The questions of the first rater, the second, and so on without end."""
    random = Random(f"{study.seed} {study.name}")
    cells = [(clip, group) for clip in range(len(study.clips)) for group in groups_of(study.mode, study.methods)]
    shown: Counter[Slots] = Counter()
    asked: Counter[tuple[int, Slots]] = Counter()
    places: Counter[tuple[Slots, int, int]] = Counter()
    while True:
        own: list[tuple[int, Slots]] = []
        seen: Counter[int] = Counter()
        for _ in range(study.questions):
            free = [cell for cell in cells if cell not in own]
            cell = min(free, key=lambda one: (shown[one[1]], seen[one[0]], asked[one], random.random()))
            own.append(cell)
            seen[cell[0]] += 1
            shown[cell[1]] += 1
            asked[cell] += 1
        random.shuffle(own)
        ordered = [(clip, _placed(group, places, random)) for clip, group in own]
        yield _with_checks(study, ordered, random)


def _placed(group: Slots, places: Counter[tuple[Slots, int, int]], random: Random) -> Slots:
    """The slots of a group from left to right: in any order, turned so that each stands where it stood least."""
    order = tuple(random.sample(group, len(group)))
    turns = [order[at:] + order[:at] for at in range(len(order))]
    least = min(sum(places[group, place, slot] for place, slot in enumerate(turn)) for turn in turns)
    fit = [t for t in turns if sum(places[group, place, slot] for place, slot in enumerate(t)) == least]
    chosen = random.choice(fit)
    for place, slot in enumerate(chosen):
        places[group, place, slot] += 1
    return chosen


def _with_checks(study: Study, ordered: Sequence[tuple[int, Slots]], random: Random) -> tuple[Question, ...]:
    """Repeated questions at the end, of the first ones; damaged copies in between."""
    judged: list[tuple[str, int, Slots, int | None]] = [("judged", clip, slots, None) for clip, slots in ordered]
    repeated = random.sample(range((len(judged) + 1) // 2), repeats_of(study.questions))
    for damaged in study.damaged:
        judged.insert(
            random.randint(1, len(judged)), ("check", damaged.clip, _check(study, damaged.slot, random), None)
        )
    for original in repeated:
        clip, slots = ordered[original]
        judged.append(("repeated", clip, slots[::-1], original))
    numbers = [at for at, (kind, *_) in enumerate(judged) if kind == "judged"]
    return tuple(
        Question.model_validate(
            {
                "number": at,
                "kind": kind,
                "clip": clip,
                "slots": slots,
                "repeats": None if original is None else numbers[original],
            }
        )
        for at, (kind, clip, slots, original) in enumerate(judged)
    )


def repeats_of(questions: int) -> int:
    """How many questions a rater is asked twice."""
    return max(1, questions // 5)


def _check(study: Study, slot: int, random: Random) -> Slots:
    """The damaged copy with the video it was made from, or instead of it among all others."""
    shown = [slot, DAMAGED] if study.mode == "pairs" else [s for s in range(study.methods) if s != slot] + [DAMAGED]
    random.shuffle(shown)
    return tuple(shown)
