"""The ledger of decisions: its chain finds every change, its compare-and-swap lets one of many writers win."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from foundation.tracking_store import SQLITE
from orchestration.registry.entries import GENESIS, Action, Draft, chained, hash_of
from orchestration.registry.ledger import ChampionChangedError, Ledger
from orchestration.registry.reigns import Reigns, reigns_of

ROOT = Path(__file__).parents[3]
PROMOTE = """
import sys
from pathlib import Path
from orchestration.registry.ledger import Ledger
from orchestration.registry.reigns import reigns_of
from tests.orchestration.registry.test_ledger import draft
ledger, seen = Ledger(sys.argv[2], "here", "rgb"), reigns_of([])
print("ready", flush=True)
while not Path("start").exists():
    pass
ledger.append(draft(seen, "promote", sys.argv[1]), seen)
"""


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(f"{SQLITE}{tmp_path}/registry/ledger.db", "here", "rgb")


def draft(seen: Reigns, action: Action, model: str, by: str = "person") -> Draft:
    """A decision about a model, whose version is its name."""
    now = seen.champion or (None, None)
    after = now if action in ("pass", "refuse") else (model, model)
    return Draft.model_validate(
        {
            "action": action,
            "by": by,
            "actor": "ada",
            "known_by": "account",
            "candidate": model,
            "version": model,
            "champion_before": now[0],
            "champion_version_before": now[1],
            "champion": after[0],
            "champion_version": after[1],
            "verdict": {"pass": True, "refuse": False}.get(action) if by == "gate" else None,
            "reason": "because",
        }
    )


def decide(ledger: Ledger, *steps: str) -> Reigns:
    """`+a` a person promotes a, `-a` goes back to a, `!a` refuses a; `g` in front: the gate did, `g?a` a passed."""
    for step in steps:
        by, sign, model = ("gate", step[1], step[2:]) if step[0] == "g" else ("person", step[0], step[1:])
        action: Action = {"+": "promote", "-": "rollback", "!": "refuse", "?": "pass"}[sign]  # type: ignore[assignment]
        seen = reigns_of(ledger.entries())
        ledger.append(draft(seen, action, model, by), seen)
    return reigns_of(ledger.entries())


def file_of(ledger: Ledger) -> Path:
    return Path(ledger.address.removeprefix(SQLITE))


def edit(ledger: Ledger, *statements: str) -> None:
    """What somebody does who may write to the database."""
    with sqlite3.connect(file_of(ledger)) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def test_reading_makes_nothing(ledger: Ledger) -> None:
    assert ledger.entries() == []
    assert not file_of(ledger).parent.exists()


def test_entries_are_chained(ledger: Ledger) -> None:
    entries = decide(ledger, "+a", "!b", "+c").entries
    assert [entry.sequence for entry in entries] == [1, 2, 3]
    assert [entry.previous_hash for entry in entries] == [GENESIS, entries[0].hash, entries[1].hash]
    assert len({entry.hash for entry in entries}) == 3
    assert [entry.champion for entry in entries] == ["a", "a", "c"]
    assert entries[0].time.endswith("+00:00")


def test_two_models_and_two_servers_have_ledgers_of_their_own(ledger: Ledger) -> None:
    decide(ledger, "+a")
    for server, model in (("there", "rgb"), ("here", "depth")):
        other = Ledger(ledger.address, server, model)
        assert other.entries() == []
        assert decide(other, "+b").champion == ("b", "b")
    assert decide(ledger, "+c").champion == ("c", "c")


@pytest.mark.parametrize(
    ("statement", "entry"),
    [
        ("update graspline_ledger set body = replace(body, 'because', 'bribed') where sequence = 1", 1),
        ("update graspline_ledger set body = replace(body, 'n\": \"a\"', 'n\": \"b\"') where sequence = 2", 2),
        ("update graspline_ledger set hash = previous_hash where sequence = 2", 2),
        ("update graspline_ledger set previous_hash = 'x' where sequence = 3", 3),
        ("update graspline_ledger set sequence = 9 where sequence = 2", 2),
        ("delete from graspline_ledger where sequence = 2", 2),
        ("delete from graspline_ledger where sequence = 1", 1),
        ("update graspline_ledger set body = substr(body, 1, 40) where sequence = 3", 3),
    ],
    ids=["reworded", "other champion", "hash", "link", "moved", "cut out", "beheaded", "torn"],
)  # fmt: skip
def test_a_changed_entry_is_named(ledger: Ledger, statement: str, entry: int) -> None:
    seen = decide(ledger, "+a", "!b", "+c")
    edit(ledger, statement)
    with pytest.raises(ValueError, match=re.escape(f"{ledger.where}, entry {entry}")):
        ledger.entries()
    before = file_of(ledger).read_bytes()
    with pytest.raises(ValueError, match="backup"):
        ledger.append(draft(seen, "promote", "d"), seen)
    assert file_of(ledger).read_bytes() == before, "nothing is written behind a broken chain"


def test_an_entry_resealed_by_hand_breaks_the_next(ledger: Ledger) -> None:
    """Its own hash is right again, but the entry after it remembers the old one."""
    first, _ = decide(ledger, "+a", "+b").entries
    forged = first.model_copy(update={"actor": "eve"})
    with sqlite3.connect(file_of(ledger)) as connection:
        values = (forged.body(), hash_of(forged))
        connection.execute("update graspline_ledger set body = ?, hash = ? where sequence = 1", values)
    connection.close()
    with pytest.raises(ValueError, match="entry 2"):
        ledger.entries()


def test_whoever_decided_on_an_old_champion_is_told_who_won(ledger: Ledger) -> None:
    seen = decide(ledger, "+a")
    decide(ledger, "+b")
    before = file_of(ledger).read_bytes()
    told = r"champion changed meanwhile \(expected version a, is version b, by the promote of version b by ada"
    with pytest.raises(ChampionChangedError, match=told):
        ledger.append(draft(seen, "promote", "c"), seen)
    assert file_of(ledger).read_bytes() == before


def test_a_champion_that_left_and_came_back_is_another_reign(ledger: Ledger) -> None:
    """Two rollbacks at once go one step back, however often the names come round."""
    decide(ledger, "+a", "+b", "+a")
    seen = decide(ledger, "+c")
    decide(ledger, "-a", "+c")
    with pytest.raises(ChampionChangedError):
        ledger.append(draft(seen, "rollback", "a"), seen)


def test_a_refusal_meanwhile_changes_no_champion(ledger: Ledger) -> None:
    seen = decide(ledger, "+a")
    decide(ledger, "g!b")
    assert ledger.append(draft(seen, "promote", "c"), seen).sequence == 3


def race(tmp_path: Path, address: str, names: str) -> tuple[list[int], list[str]]:
    """Processes that promote at once; their exit codes and last words."""

    def start(name: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-c", PROMOTE, name, address],
            cwd=tmp_path,
            env={"PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}", "PATH": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    racers = [start(name) for name in names]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    (tmp_path / "start").touch()
    told = [racer.communicate(timeout=60)[1] for racer in racers]
    return [racer.returncode for racer in racers], told


def test_of_racing_processes_exactly_one_wins(tmp_path: Path, ledger: Ledger) -> None:
    codes, told = race(tmp_path, ledger.address, "abcd")
    assert sorted(codes) == [0, 1, 1, 1], told
    assert sum("the champion changed meanwhile" in words for words in told) == 3
    winner = "abcd"[codes.index(0)]
    assert [entry.champion for entry in ledger.entries()] == [winner]


def test_a_full_disk_loses_nothing(ledger: Ledger) -> None:
    """The database may not grow by a page: the entry is refused, those before it stand, and with room it goes on."""
    seen = decide(ledger, "+a", "!b")
    engine = ledger._engine
    import sqlalchemy as sql

    small = "PRAGMA max_page_count=1"
    listener = lambda connection, _record: connection.execute(small)  # noqa: E731
    sql.event.listen(engine, "connect", listener)
    long = draft(seen, "promote", "c").model_copy(update={"reason": "w" * 100_000})
    with pytest.raises(ValueError, match=r"cannot be written .*full.*, nothing was decided"):
        ledger.append(long, seen)
    assert reigns_of(ledger.entries()).champion == ("a", "a")
    sql.event.remove(engine, "connect", listener)
    assert ledger.append(long, seen).sequence == 3


def test_a_database_that_is_locked_or_none_is_told_in_a_line(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = decide(ledger, "+a")
    monkeypatch.setattr("orchestration.registry.ledger.PATIENCE_SECONDS", 0.1)
    impatient = Ledger(ledger.address, "here", "rgb")
    holder = sqlite3.connect(file_of(ledger), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(ValueError, match=r"database is locked.*nothing was decided"):
        impatient.append(draft(seen, "promote", "b"), seen)
    holder.close()
    with (
        ledger.held("aliases"),
        pytest.raises(ValueError, match="is held by another process"),
        impatient.held("aliases"),
    ):
        pass
    file_of(ledger).write_text("no database" * 100)
    with pytest.raises(ValueError, match="does not answer"):
        ledger.entries()


def test_a_clock_that_was_set_back_is_refused_and_a_slow_one_noted() -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    seen = reigns_of([])
    first = chained(draft(seen, "promote", "a"), "rgb", None, now)
    late = chained(draft(reigns_of([first]), "promote", "b"), "rgb", first, now - timedelta(seconds=20))
    assert late.note == "written 20 s before the entry before it, by its clock"
    assert chained(draft(seen, "promote", "b"), "rgb", first, now + timedelta(days=9)).note == ""
    with pytest.raises(ValueError, match=r"this machine's clock says 2026-03-01T11:00:00.*set the clock"):
        chained(draft(seen, "promote", "b"), "rgb", first, now - timedelta(hours=1))


@pytest.mark.parametrize("reason", ["one\u2028two", "one\u0085two", "a\r\nb", "\ufeff", "\x00", "\u00fc", "'; drop--"])
def test_a_reason_may_hold_any_text(ledger: Ledger, reason: str) -> None:
    seen = reigns_of([])
    ledger.append(draft(seen, "promote", "a").model_copy(update={"reason": reason}), seen)
    decide(ledger, "!b")
    assert [entry.reason for entry in ledger.entries()] == [reason, "because"]


def test_a_table_of_another_version_is_named(ledger: Ledger) -> None:
    decide(ledger, "+a")
    edit(ledger, "alter table graspline_ledger drop column body")
    with pytest.raises(ValueError, match="no such column"):
        ledger.entries()


def test_a_killed_writer_leaves_the_entry_whole_or_absent(tmp_path: Path, ledger: Ledger) -> None:
    """Whatever SQLite's journal held in the moment of the kill, the next reader sees entries that are all whole."""
    decide(ledger, "+a", "!b")
    kill = """
import os, sys
from orchestration.registry import ledger as module
from orchestration.registry.reigns import reigns_of
from tests.orchestration.registry.test_ledger import draft
ledger = module.Ledger(sys.argv[1], "here", "rgb")
insert = ledger._insert
ledger._insert = lambda connection, entry: (insert(connection, entry), os._exit(9))
seen = reigns_of(ledger.entries())
ledger.append(draft(seen, "promote", "c"), seen)
"""
    done = subprocess.run(
        [sys.executable, "-c", kill, ledger.address],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        check=False,
    )
    assert done.returncode == 9
    assert [entry.candidate for entry in ledger.entries()] == ["a", "b"]
    assert decide(ledger, "+c").champion == ("c", "c")


def test_an_older_copy_reads_as_what_it_is(ledger: Ledger, tmp_path: Path) -> None:
    """The chain alone cannot tell that entries are missing at the end: the registry's head does (test_succession)."""
    decide(ledger, "+a")
    shutil.copy(file_of(ledger), tmp_path / "copy.db")
    decide(ledger, "+b")
    shutil.copy(tmp_path / "copy.db", file_of(ledger))
    assert [entry.candidate for entry in ledger.entries()] == ["a"]
