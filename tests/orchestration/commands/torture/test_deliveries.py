"""Odd and hostile deliveries: the same seed throws the same ones, and each comes in rightly or is refused by name."""

from pathlib import Path

import pytest

from foundation.by_name import choices
from orchestration.commands.torture import kinds
from orchestration.commands.torture.deliveries import torture_deliveries
from orchestration.commands.torture.worker import Verdict, case_of

KINDS = choices(kinds.__name__)


def stories(seed: int) -> list[tuple[str, str]]:
    cases = [case_of(seed, number) for number in range(200)]
    return [(kind, case.story) for kind, case in cases]


def test_a_seed_is_a_set_of_deliveries() -> None:
    assert stories(0) == stories(0)
    assert stories(0) != stories(1)


def test_every_kind_takes_its_turn_and_repeats_itself_little() -> None:
    drawn = stories(0)
    assert {kind for kind, _ in drawn} == set(KINDS)
    assert len(set(drawn)) > 100


def test_refusals_have_something_to_name() -> None:
    for number in range(200):
        kind, case = case_of(0, number)
        assert case.expected == "taken" or case.names or case.check, f"{kind}: {case.story}"


@pytest.mark.end_to_end
def test_a_round_of_every_kind(tmp_path: Path) -> None:
    """Real deliveries through DVC and validation; `graspline torture deliveries` throws more of them."""
    seen: list[Verdict] = []
    verdicts = torture_deliveries(tmp_path, len(KINDS), seed=3, workers=1, on_verdict=seen.append)
    assert [verdict.number for verdict in verdicts] == list(range(len(KINDS)))
    assert sorted(seen, key=lambda verdict: verdict.number) == verdicts
    assert [verdict for verdict in verdicts if verdict.wrong] == []
