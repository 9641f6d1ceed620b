"""Odd and hostile deliveries: the same seed throws the same ones, and each comes in rightly or is refused by name."""

from dataclasses import asdict
from pathlib import Path

import pytest

from foundation.by_name import choices
from foundation.json_lines import append_line, as_json
from orchestration.commands.torture import kinds
from orchestration.commands.torture.deliveries import serve, torture_deliveries
from orchestration.commands.torture.scratch import make_scratch
from orchestration.commands.torture.worker import VERDICTS, Verdict, case_of

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
def test_what_an_earlier_worker_wrote_is_no_verdict_of_the_next(tmp_path: Path) -> None:
    """As where one hung or died and another takes its place."""
    scratch = tmp_path / "0"
    make_scratch(scratch)
    (tmp_path / "base").mkdir()  # nothing in it: refused at once
    append_line(scratch / VERDICTS, as_json(asdict(Verdict(99, "ids", "an earlier one", "taken", "", None))))
    (verdict,) = serve(scratch, seed=0, numbers=[0], on_verdict=lambda _verdict: None)
    assert (verdict.number, verdict.kind, verdict.outcome) == (0, KINDS[0], "refused")


@pytest.mark.end_to_end
def test_a_round_of_every_kind(tmp_path: Path) -> None:
    """Real deliveries through DVC and validation; `graspline torture deliveries` throws more of them."""
    seen: list[Verdict] = []
    verdicts = torture_deliveries(tmp_path, len(KINDS), seed=3, workers=1, on_verdict=seen.append)
    assert [verdict.number for verdict in verdicts] == list(range(len(KINDS)))
    assert sorted(seen, key=lambda verdict: verdict.number) == verdicts
    assert [verdict for verdict in verdicts if verdict.wrong] == []
