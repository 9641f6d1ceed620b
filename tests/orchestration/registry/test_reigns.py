"""What decisions add up to: reigns, ways back, what a person ruled out, what waits."""

from pathlib import Path

import pytest

from foundation.tracking_store import SQLITE
from orchestration.registry.ledger import Ledger
from tests.orchestration.registry.test_ledger import decide


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(f"{SQLITE}{tmp_path}/ledger.db", "here", "rgb")


@pytest.mark.parametrize(
    ("steps", "line"),
    [
        ([], ""),
        (["+a"], "a"),
        (["!a"], ""),
        (["!a", "+b"], "b"),
        (["+a", "+b", "!c"], "ab"),
        (["+a", "+b", "-a"], "a"),
        (["+a", "+b", "+c", "-b", "-a"], "a"),
        (["+a", "+b", "+c", "-a"], "a"),
        (["+a", "+b", "+c", "-b", "!d", "+e"], "abe"),
        (["+a", "+b", "-a", "+b"], "ab"),
        (["+a", "+b", "+a", "-b", "-a"], "a"),
        (["g+a", "g?b", "+b"], "ab"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value or "nobody",
)
def test_the_line_of_champions(ledger: Ledger, steps: list[str], line: str) -> None:
    reigns = decide(ledger, *steps)
    assert "".join(version for _, version in reigns.line) == line
    assert (reigns.champion[0] if reigns.champion else "") == line[-1:]
    if len(line) > 1:
        assert reigns.to_restore() == (line[-2], line[-2])
        assert reigns.to_restore(line[0]) == (line[0], line[0])


@pytest.mark.parametrize(
    ("steps", "to", "says"),
    [
        ([], None, "nothing to go back to: nobody was promoted yet"),
        (["+a", "!b"], None, "nothing to go back to: version a is the first champion"),
        (["+a", "+b"], "c", r"version c did not lead to this champion.*\(versions a did\): `graspline promote c`"),
        (["+a", "+b", "+c", "-b"], "c", "version c did not lead to this champion"),
    ],
)
def test_there_is_no_way_back(ledger: Ledger, steps: list[str], to: str | None, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        decide(ledger, *steps).to_restore(to)


@pytest.mark.parametrize(
    ("steps", "ruled_out"),
    [
        (["+a", "g+b"], ""),
        (["g+a", "+b"], "a"),
        (["+a", "+b", "-a"], "b"),
        (["+a", "g+b", "g+c", "-a"], "bc"),
        (["+a", "g+b", "-a", "g!b"], "b"),
        (["+a", "g+b", "-a", "+b"], "a"),
        (["!a"], "a"),
        (["g!a"], ""),
        (["!a", "g!a", "+a"], ""),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value or "nobody",
)
def test_whom_a_person_ruled_out(ledger: Ledger, steps: list[str], ruled_out: str) -> None:
    reigns = decide(ledger, *steps)
    assert {model for model in "abc" if reigns.ruled_out(model)} == set(ruled_out)


@pytest.mark.parametrize(
    ("steps", "waiting", "of_today"),
    [
        (["g+a", "g?b"], "b", "b"),
        (["g+a", "g?b", "g?c", "+b"], "c", ""),
        (["g+a", "g?b", "!b"], "", ""),
        (["g+a", "g?b", "g!b"], "", ""),
        (["g?a"], "a", "a"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value or "none",
)
def test_who_waits(ledger: Ledger, steps: list[str], waiting: str, of_today: str) -> None:
    reigns = decide(ledger, *steps)
    assert {entry.candidate for entry in reigns.waiting()} == set(waiting)
    assert {entry.candidate for entry in reigns.waiting() if reigns.is_of_today(entry)} == set(of_today)
