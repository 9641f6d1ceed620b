"""The report as a page and a CSV, and the raters whom it names."""

import csv
import json
from io import StringIO
from pathlib import Path
from random import Random

import pytest

from evaluation.study.analysis import analyse
from evaluation.study.answers import Answers
from evaluation.study.contracts import ANSWERS, CRITERIA, Answer, read_study
from evaluation.study.plan import Plans
from evaluation.study.report import COLUMNS, as_csv, render_page
from tests.evaluation.study.conftest import MakeStudy
from tests.study_raters import Rater, methods_of_files

QUALITY = {"good": 20.0, "<b>bad": 1.0, "bad": 1.0, "damaged": 1e-9}


def answer_all(folder: Path, raters: int, careless: int = 0) -> None:
    """Answers of raters, straight into the database; the last ones do not look."""
    study, files = read_study(folder), methods_of_files(folder)
    plans, answers = Plans(study), Answers(folder / ANSWERS, study.digest)
    bad = {one.clip: one.video for one in study.damaged}
    for number in range(raters):
        rater = Rater(f"r{number}", files, QUALITY, Random(number), looks=number < raters - careless)
        for question in plans.of(answers.number_of(rater.name)):
            clip = study.clips[question.clip]
            shown = [bad[question.clip] if slot < 0 else clip.videos[slot] for slot in question.slots]
            ranks = {name: tuple(given) for name, given in rater.ranks(shown).items()}
            if not rater.looks:
                ranks = dict.fromkeys(CRITERIA, (1,) * len(shown))
            answers.store(
                [
                    Answer(rater=rater.name, question=question.number, criterion=name, ranks=given, seconds=4.0)
                    for name, given in ranks.items()
                ]
            )


def test_page_and_csv(make_study: MakeStudy) -> None:
    folder = make_study("good", "bad", clips=6)
    answer_all(folder, raters=9, careless=1)
    report = analyse(folder)
    rows = list(csv.DictReader(StringIO(as_csv(report))))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == len(CRITERIA) * 2
    for row in rows:
        assert row["place"] == ("1" if row["method"] == "good" else "2")
        assert row["comparisons"] == "48"
        assert float(row["mean_rank_low"]) <= float(row["mean_rank"]) <= float(row["mean_rank_high"])
    pair = [row for row in rows if row["criterion"] == "object consistency"]
    shares = [float(row["preferred_over_other"]) for row in pair] + [float(pair[0]["tie_with_other"])]
    assert sum(shares) == pytest.approx(1, abs=1e-3)
    page = render_page(report)
    assert "Failed a check and not counted: r8." in page
    assert "good is better than bad, surely." in page
    assert page.count("<caption>") == len(CRITERIA)


def test_everyone_counts_where_that_is_asked_for(make_study: MakeStudy) -> None:
    folder = make_study("good", "bad", clips=4)
    answer_all(folder, raters=2, careless=2)
    with pytest.raises(ValueError, match=r"all raters failed a check \(r0, r1\): `--everyone` counts them"):
        analyse(folder)
    report = analyse(folder, everyone=True)
    assert report.counted == ("r0", "r1")
    assert all(one.ties == one.judgements == 8 for one in report.criteria)
    assert all(one.alpha is None for one in report.criteria), "who always says the same disagrees with nobody"
    assert "Failed a check: r0, r1." in render_page(report)


def test_raters_are_judged_by_checks_and_repeats(make_study: MakeStudy) -> None:
    folder = make_study("good", "bad", clips=6)
    answer_all(folder, raters=3, careless=1)
    first, _, careless = analyse(folder).raters
    assert (first.checks_failed, first.failed) == (0, False)
    assert 0 < first.repeated_alike <= first.repeated == len(CRITERIA)
    assert careless.failed
    assert careless.first_place is None
    assert careless.median_seconds == 4.0


def test_nobody_has_answered(make_study: MakeStudy) -> None:
    folder = make_study("good", "bad")
    with pytest.raises(ValueError, match="has no answers yet: start `graspline study serve test`"):
        analyse(folder)
    Answers(folder / ANSWERS, read_study(folder).digest)
    with pytest.raises(ValueError, match="nobody has answered"):
        analyse(folder)


def test_an_edited_database_is_refused(make_study: MakeStudy) -> None:
    folder = make_study("good", "bad")
    answers = Answers(folder / ANSWERS, read_study(folder).digest)
    answers.number_of("r0")
    answers.store([Answer(rater="r0", question=40, criterion=name, ranks=(1, 2), seconds=1) for name in CRITERIA])
    with pytest.raises(ValueError, match="answer 40 of rater r0 fits no question"):
        analyse(folder)


def test_a_report_while_raters_answer(make_study: MakeStudy) -> None:
    folder = make_study("good", "bad", clips=4)
    answer_all(folder, raters=3)
    answers = Answers(folder / ANSWERS, read_study(folder).digest)
    answers.number_of("late")
    answers.store([Answer(rater="late", question=0, criterion=name, ranks=(1, 2), seconds=1) for name in CRITERIA])
    report = analyse(folder)
    assert {one.rater: one.answered for one in report.raters}["late"] == 1
    assert json.loads((folder / "study.json").read_text())["name"] == "test"
