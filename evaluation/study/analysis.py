"""All that a study's report says, from its folder: per criterion standings, duels, agreement and ties; the raters."""

from dataclasses import dataclass
from pathlib import Path

from evaluation.study.agreement import agreement
from evaluation.study.answers import Answers
from evaluation.study.contracts import ANSWERS, CRITERIA, Key, Study, read_key, read_study
from evaluation.study.judgements import asked_of, judgements_of
from evaluation.study.raters import RaterQuality, rater_qualities
from evaluation.study.strengths import Result, result_of


@dataclass(frozen=True)
class CriterionResult:
    """One criterion: who stands where, and how far raters agree."""

    name: str
    result: Result
    alpha: float | None
    judgements: int
    ties: int


@dataclass(frozen=True)
class StudyReport:
    """One study as it stands."""

    study: Study
    key: Key
    criteria: tuple[CriterionResult, ...]
    raters: tuple[RaterQuality, ...]  # all who answered
    counted: tuple[str, ...]  # those whose answers count


def analyse(folder: Path, everyone: bool = False) -> StudyReport:
    """The report of a study's folder.

    Args:
        folder: made by `create_study`.
        everyone: answers of raters who failed a check count, too.

    Raises:
        ValueError: no study, its key is missing, or nobody whose answers count has answered.
    """
    study = read_study(folder)
    key = read_key(folder, study)
    if not (folder / ANSWERS).is_file():
        raise ValueError(f"study {study.name} has no answers yet: start `graspline study serve {study.name}`")
    answers = Answers(folder / ANSWERS, study.digest)
    asked = asked_of(study, answers.raters(), answers.all())
    raters = rater_qualities(asked)
    counted = [one.rater for one in raters if everyone or not one.failed]
    kept = [one for one in asked if one.rater in set(counted)]
    if not any(one.question.kind == "judged" for one in kept):
        failed = ", ".join(one.rater for one in raters if one.failed)
        why = f"all raters failed a check ({failed}): `--everyone` counts them" if failed else "nobody has answered"
        raise ValueError(f"study {study.name} has no answers that count: {why}")
    criteria = []
    for name in CRITERIA:
        judgements = judgements_of(kept, name)
        criteria.append(
            CriterionResult(
                name=name,
                result=result_of(judgements, study.methods, study.seed),
                alpha=agreement(judgements),
                judgements=len(judgements),
                ties=sum(one.better == 0 for one in judgements),
            )
        )
    return StudyReport(study, key, tuple(criteria), tuple(raters), tuple(counted))
