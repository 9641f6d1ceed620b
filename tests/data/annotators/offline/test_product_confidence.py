"""The probability that a mask is right grows with what speaks for it; nothing found is 0."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.annotators.offline.product_confidence import (
    IS_A_THING,
    IS_THE_PICTURED,
    MASK_NUMBERS,
    PICTURE_NUMBERS,
    Model,
    confidence_in,
)

GOOD = {
    "off_person": 0.9,
    "distinct": 0.7,
    "in_hand": 1.0,
    "small": 0.1,
    "large": 0.0,
    "compact": 0.92,
    "steady": 0.92,
    "seen": 1.0,
    "moves": 0.95,
}
PICTURED = GOOD | {"colours": 0.9, "looks": 0.8, "features": 4.0}


def test_nothing_found_is_no_product() -> None:
    assert confidence_in({}) == 0


def test_a_model_is_the_logistic_of_its_sum() -> None:
    model = Model({"looks": 2.0}, -1.0)
    assert model.confidence({"looks": 0.5, "other": 9.0}) == 0.5
    assert model.confidence({"looks": 1.0}) == pytest.approx(0.7311, abs=1e-4)
    assert model.confidence({"looks": -1e9}) < 1e-9 < model.confidence({"looks": 1e9})


def test_only_numbers_that_are_measured_have_a_weight_and_all_weights_have_the_right_sign() -> None:
    assert set(IS_A_THING.weights) <= set(MASK_NUMBERS) == set(GOOD)
    assert set(IS_THE_PICTURED.weights) <= set(PICTURE_NUMBERS) == set(PICTURED) - set(GOOD)
    for model in (IS_A_THING, IS_THE_PICTURED):
        assert all((weight < 0) == (name in {"small", "large"}) for name, weight in model.weights.items())


@given(
    evidence=st.fixed_dictionaries({name: st.floats(0, 1) for name in PICTURED}),
    name=st.sampled_from(sorted({*IS_A_THING.weights, *IS_THE_PICTURED.weights})),
    more=st.floats(0, 1),
)
def test_more_that_speaks_for_it_never_makes_it_less_sure(evidence: dict[str, float], name: str, more: float) -> None:
    other = evidence | {name: evidence[name] + more}
    less, surer = (other, evidence) if name in {"small", "large"} else (evidence, other)
    assert 0 <= confidence_in(less) <= confidence_in(surer) <= 1


def test_a_thing_that_looks_otherwise_than_its_picture_is_not_it() -> None:
    assert confidence_in(PICTURED) > 0.8
    assert confidence_in(PICTURED | {"looks": 0.2, "colours": 0.1, "features": 0.0}) < 0.3


def test_a_piece_of_the_person_is_not_it() -> None:
    sleeve = {"off_person": 0.1, "distinct": 0.1, "compact": 0.6, "large": 1.0}
    assert confidence_in(GOOD) > 0.8
    assert confidence_in(GOOD | sleeve) < 0.3
    assert confidence_in(PICTURED | sleeve | {"looks": 0.4}) < 0.3
