"""Answers of raters in SQLite: one row an answer, the first one counts, stored before the rater goes on.

Write-ahead logging, so that a report can be made while people answer. A row is keyed by rater, question and criterion:
what is sent twice (a lost reply, a second window) is stored once. The database says whose study it is.
"""

import json
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from evaluation.study.contracts import Answer

WAIT_SECONDS = 5.0  # for another process that is writing
TABLES = """
CREATE TABLE IF NOT EXISTS study (digest TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS raters (rater TEXT PRIMARY KEY, number INTEGER UNIQUE NOT NULL, began TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS answers (
  rater TEXT NOT NULL REFERENCES raters, question INTEGER NOT NULL, criterion TEXT NOT NULL,
  ranks TEXT NOT NULL, seconds REAL NOT NULL, answered TEXT NOT NULL, PRIMARY KEY (rater, question, criterion)
);
"""


class AnswersError(RuntimeError):
    """Answers could not be stored or read now: another process holds the file."""


class Answers:
    """The answers of one study."""

    def __init__(self, file: Path, study_digest: str) -> None:
        """Open or make the file.

        Raises:
            ValueError: it holds another study's answers, or is no database.
            AnswersError: another process holds it.
        """
        self.file = file
        with self._connection() as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            for table in TABLES.split(";"):
                connection.execute(table)
        with self._connection(write=True) as connection:
            known = connection.execute("SELECT digest FROM study").fetchall()
            if not known:
                connection.execute("INSERT INTO study VALUES (?)", (study_digest,))
            elif known != [(study_digest,)]:
                raise ValueError(f"{file} holds the answers of another study: move it away")

    def number_of(self, rater: str) -> int:
        """The rater's number from 0, given out when they first come.

        Raises:
            AnswersError: another process holds the file.
        """
        with self._connection(write=True) as connection:
            connection.execute(
                "INSERT INTO raters SELECT ?, COUNT(*), ? FROM raters WHERE TRUE ON CONFLICT (rater) DO NOTHING",
                (rater, _now()),
            )
            return connection.execute("SELECT number FROM raters WHERE rater = ?", (rater,)).fetchone()[0]

    def store(self, answers: Sequence[Answer]) -> None:
        """All of them or none; what was answered before stays as it was.

        Raises:
            AnswersError: another process holds the file; nothing was stored.
        """
        rows = [(a.rater, a.question, a.criterion, json.dumps(a.ranks), a.seconds, _now()) for a in answers]
        with self._connection(write=True) as connection:
            connection.executemany("INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", rows)

    def answered(self, rater: str) -> set[int]:
        """Numbers of the questions that a rater has answered."""
        with self._connection() as connection:
            rows = connection.execute("SELECT DISTINCT question FROM answers WHERE rater = ?", (rater,))
            return {number for (number,) in rows}

    def raters(self) -> dict[str, int]:
        """Rater -> number, in the order in which they came."""
        with self._connection() as connection:
            return dict(connection.execute("SELECT rater, number FROM raters ORDER BY number").fetchall())

    def all(self) -> list[Answer]:
        """Every answer, by rater and question."""
        with self._connection() as connection:
            rows = connection.execute(
                "SELECT rater, question, criterion, ranks, seconds FROM answers ORDER BY rater, question, criterion"
            ).fetchall()
        return [
            Answer(rater=rater, question=question, criterion=criterion, ranks=tuple(json.loads(ranks)), seconds=seconds)
            for rater, question, criterion, ranks, seconds in rows
        ]

    @contextmanager
    def _connection(self, write: bool = False) -> Generator[sqlite3.Connection]:
        """A connection, for writing in one transaction, and its faults in plain words."""
        try:
            connection = sqlite3.connect(self.file, timeout=WAIT_SECONDS, isolation_level=None)
            try:
                if write:
                    connection.execute("BEGIN IMMEDIATE")
                yield connection
                if write:
                    connection.execute("COMMIT")
            finally:
                connection.close()
        except sqlite3.OperationalError as error:
            fix = "end the process that holds it" if "locked" in str(error) else "see that it is writable"
            raise AnswersError(f"{self.file} cannot be used ({error}): {fix}") from error
        except sqlite3.DatabaseError as error:
            raise ValueError(f"{self.file} is no database of answers ({error}): move it away") from error


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
