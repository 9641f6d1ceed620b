"""The promotion log: its chain finds every change, its compare-and-swap lets one of many writers win."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.registry.ledger import GENESIS, Action, Entry, Ledger

ROOT = Path(__file__).parents[3]
PROMOTE = """
import sys
from pathlib import Path
from orchestration.registry.ledger import Entry, Ledger
name, start = sys.argv[1], Path("start")
entry = Entry(sequence=0, time="", actor=name, action="promote", candidate=name, version="1", champion=name,
    champion_version="1", reason="race", previous_hash="")
print("ready", flush=True)
while not start.exists():
    pass
Ledger(Path("ledger.jsonl")).append(entry, None)
"""


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "registry/ledger.jsonl")


def entry(action: Action, candidate: str, champion: str | None) -> Entry:
    """A line before it gets its place; a model's version is its name."""
    return Entry(
        sequence=0,
        time="",
        actor="ada",
        action=action,
        candidate=candidate,
        version=candidate,
        champion=champion,
        champion_version=champion,
        reason="because",
        previous_hash="",
    )


def reign(ledger: Ledger, *steps: str) -> None:
    """`+a` promotes a, `-a` goes back to a, `!a` refuses a."""
    for step in steps:
        now = ledger.champion()
        champion = now.champion if now else None
        action: Action = {"+": "promote", "-": "rollback", "!": "refuse"}[step[0]]  # type: ignore[assignment]
        after = champion if action == "refuse" else step[1:]
        ledger.append(entry(action, step[1:], after), champion)


def test_an_empty_ledger_has_no_champion(ledger: Ledger) -> None:
    assert ledger.entries() == []
    assert ledger.champion() is None
    assert ledger.previous_champion() is None
    assert not ledger.was_rolled_back("a")


def test_lines_are_chained(ledger: Ledger) -> None:
    reign(ledger, "+a", "!b", "+c")
    entries = ledger.entries()
    assert [line.sequence for line in entries] == [1, 2, 3]
    assert [line.previous_hash for line in entries] == [GENESIS, entries[0].hash, entries[1].hash]
    assert len({line.hash for line in entries}) == 3
    assert [line.champion for line in entries] == ["a", "a", "c"]
    assert entries[0].time.endswith("+00:00")


@pytest.mark.parametrize(
    ("damage", "line"),
    [
        (lambda lines: [lines[0].replace("because", "bribed"), *lines[1:]], 1),
        (lambda lines: [lines[0], lines[1].replace('"champion":"a"', '"champion":"b"'), lines[2]], 2),
        (lambda lines: [lines[0], lines[2]], 2),
        (lambda lines: lines[1:], 1),
        (lambda lines: [lines[1], lines[0], lines[2]], 1),
        (lambda lines: [lines[0], lines[0], *lines[1:]], 2),
        (lambda lines: [*lines[:2], lines[2][:40]], 3),
        (lambda lines: [lines[0], "", *lines[1:]], 3),
    ],
    ids=["reworded", "other champion", "cut out", "beheaded", "swapped", "repeated", "torn", "blank"],
)
def test_a_changed_line_is_named(ledger: Ledger, damage: "object", line: int) -> None:
    reign(ledger, "+a", "!b", "+c")
    assert callable(damage)
    ledger.file.write_text("\n".join(damage(ledger.file.read_text().splitlines())) + "\n")
    with pytest.raises(ValueError, match=re.escape(f"{ledger.file}, line {line}")):
        ledger.entries()
    before = ledger.file.read_bytes()
    with pytest.raises(ValueError, match="backup"):
        ledger.append(entry("promote", "d", "d"), "c")
    assert ledger.file.read_bytes() == before, "nothing is written behind a broken chain"


def test_a_line_resealed_by_hand_breaks_the_next(ledger: Ledger) -> None:
    """Its own hash is right again, but the line after it remembers the old one."""
    from orchestration.registry.ledger import _hash

    reign(ledger, "+a", "+b")
    first, second = ledger.file.read_text().splitlines()
    forged = Entry.model_validate({**json.loads(first), "actor": "eve"})
    forged = forged.model_copy(update={"hash": _hash(forged)})
    ledger.file.write_text(f"{forged.model_dump_json()}\n{second}\n")
    with pytest.raises(ValueError, match="line 2"):
        ledger.entries()


def test_whoever_decided_on_an_old_champion_is_sent_back(ledger: Ledger) -> None:
    reign(ledger, "+a", "+b")
    before = ledger.file.read_bytes()
    with pytest.raises(ValueError, match=r"champion changed meanwhile \(expected a, is b\)"):
        ledger.append(entry("promote", "c", "c"), "a")
    assert ledger.file.read_bytes() == before


def test_of_racing_processes_exactly_one_wins(tmp_path: Path) -> None:
    def start(name: str) -> subprocess.Popen[str]:
        environment = {"PYTHONPATH": str(ROOT), "PATH": ""}
        return subprocess.Popen(
            [sys.executable, "-c", PROMOTE, name],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    racers = [start(name) for name in "abcd"]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    (tmp_path / "start").touch()
    told = [racer.communicate(timeout=60)[1] for racer in racers]
    assert sorted(racer.returncode for racer in racers) == [0, 1, 1, 1]
    assert sum("the champion changed meanwhile" in words for words in told) == 3
    lines = Ledger(tmp_path / "ledger.jsonl").entries()
    winner = next(name for name, racer in zip("abcd", racers, strict=True) if racer.returncode == 0)
    assert [line.champion for line in lines] == [winner]


@pytest.mark.parametrize(
    ("steps", "now", "before"),
    [
        (["+a"], "a", None),
        (["!a"], None, None),
        (["!a", "+b"], "b", None),
        (["+a", "+b"], "b", "a"),
        (["+a", "+b", "!c"], "b", "a"),
        (["+a", "+b", "-a"], "a", None),
        (["+a", "+b", "+c", "-b"], "b", "a"),
        (["+a", "+b", "+c", "-b", "-a"], "a", None),
        (["+a", "+b", "+c", "-b", "!d", "+e"], "e", "b"),
        (["+a", "+b", "-a", "+b"], "b", "a"),
        (["+a", "+b", "+a"], "a", "b"),
        (["+a", "+b", "+a", "-b", "-a"], "a", None),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_a_rollback_goes_one_reign_back(ledger: Ledger, steps: list[str], now: str | None, before: str | None) -> None:
    reign(ledger, *steps)
    champion = ledger.champion()
    assert (champion.champion if champion else None) == now
    assert ledger.previous_champion() == ((before, before) if before else None)


@pytest.mark.parametrize(
    ("steps", "deposed"),
    [
        (["+a", "+b"], ""),
        (["+a", "+b", "-a"], "b"),
        (["+a", "+b", "!c", "-a"], "b"),
        (["+a", "+b", "+c", "-b", "-a"], "bc"),
        (["+a", "+b", "-a", "!b"], "b"),
        (["+a", "+b", "-a", "+b"], ""),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value or "nobody",
)
def test_who_was_rolled_back_is_remembered(ledger: Ledger, steps: list[str], deposed: str) -> None:
    reign(ledger, *steps)
    assert {name for name in "abc" if ledger.was_rolled_back(name)} == set(deposed)


@pytest.mark.parametrize("reason", ["one\u2028two", "one\u0085two", "a\r\nb", "\ufeff", "\x00", "\u00fc"])
def test_a_reason_may_hold_any_text(ledger: Ledger, reason: str) -> None:
    ledger.append(entry("promote", "a", "a").model_copy(update={"reason": reason}), None)
    reign(ledger, "!b")
    assert [line.reason for line in ledger.entries()] == [reason, "because"]


def test_a_line_that_a_killed_process_left_unfinished_is_dropped(ledger: Ledger) -> None:
    reign(ledger, "+a", "!b")
    whole = ledger.file.read_bytes()
    ledger.file.write_bytes(whole + whole[: whole.index(b"\n") // 2])
    assert [line.candidate for line in ledger.entries()] == ["a", "b"]
    reign(ledger, "+c")
    assert [line.candidate for line in ledger.entries()] == ["a", "b", "c"]
