"""Shuffled conditions: everyone borrows from another, and prompts really differ."""

import pytest

from evaluation.exam.shuffled_conditions import lenders


def test_nobody_keeps_their_own_and_everybody_lends_once() -> None:
    found = lenders([f"a person in blue moves thing {index}" for index in range(16)])
    assert sorted(found) == list(range(16))
    assert all(index != lender for index, lender in enumerate(found))


def test_prompts_differ_wherever_they_can() -> None:
    prompts = ["raises the mug"] * 4 + ["tilts the box"] * 4
    assert all(prompts[index] != prompts[lender] for index, lender in enumerate(lenders(prompts)))


def test_equal_prompts_still_change_places() -> None:
    assert all(index != lender for index, lender in enumerate(lenders(["the same"] * 5)))


def test_one_clip_cannot_be_shuffled() -> None:
    with pytest.raises(ValueError, match="hold out more clips"):
        lenders(["alone"])
