"""The study as a rater meets it: a real browser plays, chooses and sends; closed and opened again, it goes on."""

from random import Random

import pytest

from evaluation.study.analysis import analyse
from tests.evaluation.study.conftest import MakeStudy, served
from tests.study_raters import Rater, methods_of_files
from tests.webdriver import Browser, browser, missing_browser

QUALITY = {"good": 30.0, "bad": 1.0, "damaged": 1e-9}
WHY = missing_browser()
pytestmark = pytest.mark.skipif(WHY is not None, reason=str(WHY))


def begin(window: Browser, address: str, name: str) -> None:
    window.open(address)
    window.run("document.getElementById('rater').value = ''")
    window.type("#rater", name)
    window.click("#who button")
    window.until("state && (state.question || !document.getElementById('thanks').hidden)")


def answer_one(window: Browser, rater: Rater) -> None:
    """Watch both videos, choose for every criterion, send."""
    before = window.run("return state.done")
    files = window.run("return state.question.videos")
    window.until("players && players.videos.every(video => video.readyState > 1)")
    window.click("#play")
    window.until("players.watched")
    for number, ranks in enumerate(rater.ranks(files).values()):
        value = " ".join(map(str, ranks))
        window.click(f"input[name='criterion-{number}'][value='{value}']")
    window.click("#next")
    window.until(f"state.done > {before}")


@pytest.mark.end_to_end
def test_raters_in_a_browser_are_asked_stored_and_recovered(make_study: MakeStudy) -> None:
    folder = make_study("bad", "good", clips=4, questions=4)
    files = methods_of_files(folder)
    with served(folder) as address, browser() as window:
        for number in range(4):
            rater = Rater(f"rater{number}", files, QUALITY, Random(number))
            begin(window, address, rater.name)
            total = window.run("return state.total")
            answer_one(window, rater)
            begin(window, address, rater.name)  # the window was closed and opened again
            assert window.run("return state.done") == 1
            while window.run("return state.done") < total:
                answer_one(window, rater)
            window.until("!document.getElementById('thanks').hidden")
        assert window.console() == []
    report = analyse(folder)
    assert not [one.rater for one in report.raters if one.failed]
    for criterion in report.criteria:
        assert report.key.methods[criterion.result.standings[0].slot] == "good"
        assert criterion.judgements == 16


def test_the_page_fits_a_telephone(make_study: MakeStudy) -> None:
    folder = make_study("bad", "good", questions=2)
    with served(folder) as address, browser(width=360, height=740) as window:
        begin(window, address, "rater")
        assert window.run("return document.documentElement.scrollWidth") <= 360
