"""Who stays and who is set aside, in batches of any kind: what stays has no fault, and nobody goes without one."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.thresholds import AcceptedDefect, Quarantine, ValidationThresholds
from data.validation.expectations import Judged
from data.validation.quarantine import counted, sort_out
from foundation.failures import Failure

FEW = ValidationThresholds(quarantine=Quarantine(least_share=0, least_clips=1))


@dataclass(frozen=True)
class Batch:
    """Clips by number; which have a fault of their own, and which are copies of which."""

    clips: int
    own: frozenset[int] = frozenset()
    copies: frozenset[tuple[int, int]] = frozenset()

    def measured(self) -> list[Any]:
        return [SimpleNamespace(facts=SimpleNamespace(clip_id=str(number))) for number in range(self.clips)]

    def judge(self, left: Sequence[Any]) -> Judged:
        there = {int(clip.facts.clip_id) for clip in left}
        own = [fault(number, "licence") for number in sorted(self.own & there)]
        pairs = {pair for one, other in self.copies for pair in ((one, other), (other, one)) if one != other}
        copies = [fault(one, "similarity", str(other)) for one, other in sorted(pairs) if {one, other} <= there]
        return Judged([*own, *copies], [])


def fault(clip: int, name: str, *same_as: str) -> Failure:
    return Failure(str(clip), "video", "v", "r", "f", name, same_as)


def batches() -> st.SearchStrategy[Batch]:
    numbers = st.integers(0, 11)
    return st.builds(
        lambda clips, own, copies: Batch(
            clips,
            frozenset(one for one in own if one < clips),
            frozenset(pair for pair in copies if max(pair) < clips),
        ),
        st.integers(1, 12),
        st.frozensets(numbers, max_size=6),
        st.frozensets(st.tuples(numbers, numbers), max_size=8),
    )


@settings(derandomize=True, deadline=None, max_examples=150)
@given(batch=batches())
def test_what_stays_has_no_fault_and_what_goes_has_one(batch: Batch) -> None:
    result = sort_out(batch.measured(), batch.judge, FEW)
    everyone = [str(number) for number in range(batch.clips)]
    if not result.verdict.valid:
        assert len(batch.own) == batch.clips, "only then nobody is left"
        assert result.kept == everyone
        return
    stays = [clip for clip in batch.measured() if clip.facts.clip_id in result.kept]
    assert batch.judge(stays).failures == []
    gone = set(result.verdict.reasons)
    assert gone.isdisjoint(result.kept)
    assert [clip for clip in everyone if clip not in gone] == result.kept
    assert {str(number) for number in batch.own} <= gone
    for clip in gone - {str(number) for number in batch.own}:  # a copy went: one that it is a copy of did not need to
        partners = {other for pair in batch.copies if int(clip) in pair for other in pair} - {int(clip)}
        assert partners - batch.own


@settings(derandomize=True, deadline=None, max_examples=60)
@given(batch=batches(), share=st.floats(0, 1), least=st.integers(1, 12))
def test_a_batch_is_taken_in_while_enough_remain(batch: Batch, share: float, least: int) -> None:
    quarantine = Quarantine(least_share=share, least_clips=least)
    result = sort_out(batch.measured(), batch.judge, ValidationThresholds(quarantine=quarantine))
    remaining = sort_out(batch.measured(), batch.judge, FEW)
    kept = len(remaining.kept) if remaining.verdict.valid else 0
    whole = not batch.judge(batch.measured()).failures
    assert result.verdict.valid == (whole or kept >= max(least, share * batch.clips - 1e-6))
    if not result.verdict.valid:
        assert result.verdict.failures[-1].field == "clips"
        assert len(result.verdict.failures) == 1 + len(batch.judge(batch.measured()).failures)


def test_of_copies_the_first_stays_and_a_twin_of_a_faulty_clip_stays_too() -> None:
    batch = Batch(5, own=frozenset({0}), copies=frozenset({(0, 1), (2, 4), (3, 4)}))
    assert sort_out(batch.measured(), batch.judge, FEW).kept == ["1", "2", "3"]


def test_strict_refuses_as_before() -> None:
    batch, strict = Batch(9, own=frozenset({4})), Quarantine(policy="strict")
    result = sort_out(batch.measured(), batch.judge, ValidationThresholds(quarantine=strict))
    assert [failure.clip_id for failure in result.verdict.failures] == ["4"]
    assert result.verdict.set_aside == ()
    assert len(result.kept) == 9


def test_what_could_not_be_measured_counts_as_delivered() -> None:
    batch, unusable = Batch(2), [fault(number, "") for number in (7, 8)]
    half = ValidationThresholds()
    taken = sort_out(batch.measured(), batch.judge, half, unusable)
    assert (taken.verdict.valid, taken.kept, list(taken.verdict.reasons)) == (True, ["0", "1"], ["7", "8"])
    refused = sort_out(batch.measured(), batch.judge, half, [*unusable, fault(9, "")])
    assert not refused.verdict.valid
    assert "2 of 5 are without a fault | at least 3 must remain" in str(refused.verdict.failures[-1])


def test_a_fault_of_the_batch_sets_nobody_aside() -> None:
    batch = Batch(3, own=frozenset({1}))
    changed = Failure("(batch)", "clips", "changed", "as it was", "prepare it again")
    result = sort_out(batch.measured(), batch.judge, ValidationThresholds(), [changed])
    assert {failure.clip_id for failure in result.verdict.failures} == {"(batch)", "1"}


def test_an_accepted_defect_stays_accepted() -> None:
    batch = Batch(2, own=frozenset({0}))
    known = AcceptedDefect(batch="b", clip="0", rule="licence", fields=["video"], reason="ours")
    result = sort_out(batch.measured(), batch.judge, ValidationThresholds(accepted_defects=[known]))
    assert result.kept == ["0", "1"]
    assert [reason for _, reason in result.verdict.accepted] == ["ours"]


@pytest.mark.parametrize(
    ("faults", "line"),
    [
        ([], ""),
        ([fault(1, "licence"), fault(1, "licence")], "1 clip set aside: 1 licence"),
        (
            [fault(1, "licence"), fault(2, "licence"), fault(2, ""), fault(3, "")],
            "3 clips set aside: 2 licence, 2 video",
        ),
    ],
)
def test_how_many_and_why_in_a_line(faults: list[Failure], line: str) -> None:
    assert counted(faults) == line
