"""The answers' database: locked, of another study, or no database at all; and the port that is taken."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from evaluation.study.answers import Answers, AnswersError
from evaluation.study.serve import bound_socket


def test_raters_are_numbered_as_they_come(tmp_path: Path) -> None:
    answers = Answers(tmp_path / "a.sqlite", "digest")
    assert [answers.number_of(name) for name in ("b", "a", "b", "c")] == [0, 1, 0, 2]
    assert Answers(tmp_path / "a.sqlite", "digest").raters() == {"b": 0, "a": 1, "c": 2}


def test_of_another_study(tmp_path: Path) -> None:
    Answers(tmp_path / "a.sqlite", "digest")
    with pytest.raises(ValueError, match="answers of another study: move it away"):
        Answers(tmp_path / "a.sqlite", "another")


def test_no_database(tmp_path: Path) -> None:
    (tmp_path / "a.sqlite").write_text("hello " * 500)
    with pytest.raises(ValueError, match="is no database of answers"):
        Answers(tmp_path / "a.sqlite", "digest")


def test_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evaluation.study.answers.WAIT_SECONDS", 0.05)
    file = tmp_path / "a.sqlite"
    Answers(file, "digest")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(AnswersError, match=r"locked.*end the process that holds it"):
            Answers(file, "digest")


def test_a_port_that_is_taken() -> None:
    with bound_socket(0) as listener:
        listener.listen()
        with pytest.raises(ValueError, match=r"cannot be used.*give another with --port"):
            bound_socket(listener.getsockname()[1])
