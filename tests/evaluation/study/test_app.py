"""The study over HTTP, without a browser: its real server, raters with a known preference, and what is refused."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from evaluation.study.analysis import analyse
from evaluation.study.contracts import ANSWERS, CRITERIA, KEY, Mode, read_study
from tests.evaluation.study.conftest import MakeStudy, post, served
from tests.study_raters import Rater, methods_of_files, sent

QUALITY = {"good": 4.0, "middle": 2.0, "bad": 1.0, "damaged": 1e-9}


def interviewed(address: str, rater: Rater, stop_after: int = 1000) -> dict:
    """Answer question after question; gives the last state."""
    _, state = post(f"{address}/next", json.dumps({"rater": rater.name}).encode())
    for _ in range(stop_after):
        if state["question"] is None:
            break
        ranks = rater.ranks(state["question"]["videos"])
        status, state = post(f"{address}/answer", sent(rater.name, state["question"], ranks))
        assert status == 200, state
    return state


@pytest.mark.parametrize("mode", ["pairs", "ranks"])
def test_the_report_recovers_a_hidden_preference(make_study: MakeStudy, mode: Mode) -> None:
    """Qualities 4 : 2 : 1, sixteen raters who look and two who answer at random."""
    questions = 12 if mode == "pairs" else 6
    folder = make_study("bad", "good", "middle", clips=6, mode=mode, questions=questions)
    files = methods_of_files(folder)
    with served(folder) as address:
        for number in range(18):
            looks = number < 16
            state = interviewed(address, Rater(f"rater{number:02}", files, QUALITY, Random(number), looks))
            assert state["done"] == state["total"]
    report = analyse(folder)
    assert {one.rater for one in report.raters if one.failed} == {"rater16", "rater17"}
    assert len(report.counted) == 16
    for criterion in report.criteria:
        order = [report.key.methods[one.slot] for one in criterion.result.standings]
        assert order == ["good", "middle", "bad"], criterion.name
        ends = {report.key.methods.index("good"), report.key.methods.index("bad")}
        duel = next(one for one in criterion.result.duels if set(one.pair) == ends)
        assert duel.significant
        assert duel.share(report.key.methods.index("good")) > 0.65
        assert criterion.alpha is not None
        assert criterion.alpha > 0


def test_a_rater_who_comes_again_goes_on(make_study: MakeStudy) -> None:
    folder = make_study("good", "bad", questions=3)
    rater = Rater("anna", methods_of_files(folder), QUALITY, Random(0))
    with served(folder) as address:
        before = interviewed(address, rater, stop_after=2)
    with served(folder) as address:  # the server was restarted, too
        _, after = post(f"{address}/next", b'{"rater": "anna"}')
        assert after == before
        assert after["done"] == 2
        assert interviewed(address, rater)["question"] is None


def test_an_answer_sent_twice_is_stored_once_and_the_first_counts(make_study: MakeStudy) -> None:
    folder = make_study("good", "bad", questions=3)
    with served(folder) as address:
        _, state = post(f"{address}/next", b'{"rater": "anna"}')
        first = sent("anna", state["question"], {name: [1, 2] for name in CRITERIA})
        second = sent("anna", state["question"], {name: [2, 1] for name in CRITERIA})
        replies = [post(f"{address}/answer", body) for body in (first, first, second)]
    assert [reply[1]["done"] for reply in replies] == [1, 1, 1]
    with closing(sqlite3.connect(folder / ANSWERS)) as connection:
        rows = connection.execute("SELECT criterion, ranks FROM answers").fetchall()
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert sorted(rows) == sorted((name, "[1, 2]") for name in CRITERIA)


def test_nothing_that_is_served_names_a_method(make_study: MakeStudy) -> None:
    folder = make_study("alpha_method", "beta_method", questions=3)
    study = read_study(folder)
    key = json.loads((folder / KEY).read_text())
    assert set(key["methods"]) == {"alpha_method", "beta_method"}
    with served(folder) as address:
        _, state = post(f"{address}/next", b'{"rater": "anna"}')
        served_files = [file for clip in study.clips for file in clip.videos]
        texts = [json.dumps(state).encode(), *(urlopen(f"{address}/{file}").read() for file in served_files)]
        for hidden in (
            "study.json",
            "key.json",
            ANSWERS,
            "videos/../key.json",
            "videos/%2e%2e/key.json",
            "page/../app.py",
        ):
            with pytest.raises(HTTPError, match="404"):
                urlopen(f"{address}/{hidden}")
    for text in texts:
        for word in (b"alpha_method", b"beta_method", b"clip_0"):
            assert word not in text
    assert all(re.fullmatch(r"videos/[0-9a-f]{16}\.mp4", file) for file in served_files)


def test_videos_can_be_read_from_the_middle(make_study: MakeStudy) -> None:
    folder = make_study("good", "bad")
    with served(folder) as address:
        request = Request(f"{address}/{read_study(folder).clips[0].videos[0]}", headers={"Range": "bytes=4-7"})
        with urlopen(request) as reply:
            assert (reply.status, reply.read()) == (206, b"ftyp")


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"}],
)
def test_other_sites_are_refused(make_study: MakeStudy, headers: dict[str, str]) -> None:
    folder = make_study("good", "bad")
    with served(folder) as address:
        assert post(f"{address}/next", b'{"rater": "anna"}', **headers)[0] == 403
        assert post(f"{address}/next", b'{"rater": "anna"}', Origin=address)[0] == 200


ALL = {name: [1, 2] for name in CRITERIA}


@pytest.mark.parametrize(
    ("where", "body", "reason"),
    [
        ("next", b"{", "not JSON"),
        ("next", b"[]", "JSON object"),
        ("next", b'{"rater": "two words"}', "letters, digits"),
        ("next", b'{"rater": ""}', "letters, digits"),
        ("next", b"{}", "letters, digits"),
        ("answer", b"{}", "not an answer"),
        ("answer", sent("anna", {"number": 99}, ALL), "not among"),
        ("answer", sent("anna", {"number": -1}, ALL), "not among"),
        ("answer", sent("anna", {"number": 0}, {"object consistency": [1, 2]}), "every criterion"),
        ("answer", sent("anna", {"number": 0}, {name: [1] for name in CRITERIA}), "every video"),
        ("answer", sent("anna", {"number": 0}, {name: [0, 3] for name in CRITERIA}), "every video"),
        ("answer", b'{"rater": "anna", "question": 0, "ranks": {}, "seconds": NaN}', "not an answer"),
    ],
)
def test_what_is_no_answer_is_refused_and_not_stored(
    make_study: MakeStudy, where: str, body: bytes, reason: str
) -> None:
    folder = make_study("good", "bad")
    with served(folder) as address:
        status, reply = post(f"{address}/{where}", body)
    assert status == 400
    assert reason in reply["fault"]
    with closing(sqlite3.connect(folder / ANSWERS)) as connection:
        assert connection.execute("SELECT COUNT(*) FROM answers").fetchone() == (0,)


def test_forms_and_long_bodies_are_refused(make_study: MakeStudy) -> None:
    folder = make_study("good", "bad")
    with served(folder) as address:
        assert post(f"{address}/next", b"rater=anna", Content_Type="text/plain")[0] == 400
        assert post(f"{address}/next", b" " * 10_000)[0] == 413


def test_while_another_process_writes_the_page_is_asked_to_try_again(
    make_study: MakeStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evaluation.study.answers.WAIT_SECONDS", 0.05)
    folder: Path = make_study("good", "bad")
    with served(folder) as address, closing(sqlite3.connect(folder / ANSWERS, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        status, reply = post(f"{address}/next", b'{"rater": "anna"}')
        assert status == 503
        assert "try again" in reply["fault"]
        other.execute("ROLLBACK")
        assert post(f"{address}/next", b'{"rater": "anna"}')[0] == 200
