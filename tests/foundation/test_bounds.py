"""The kinds of values: both ends, nothing that only looks like a number, no text that says nothing."""

import math
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from foundation import bounds

NUMBERS = {
    "Seed": bounds.Seed,
    "Count": bounds.Count,
    "Width": bounds.Width,
    "Few": bounds.Few,
    "Share": bounds.Share,
    "PositiveShare": bounds.PositiveShare,
    "Level": bounds.Level,
    "Weight": bounds.Weight,
    "Positive": bounds.Positive,
    "Correlation": bounds.Correlation,
    "Quantity": bounds.Quantity,
}
NO_NUMBERS: list[Any] = [math.nan, math.inf, -math.inf, "1", True, None, [], 10**12, -(10**12), 1e300]


@pytest.mark.parametrize("kind", NUMBERS)
@pytest.mark.parametrize("value", NO_NUMBERS, ids=str)
def test_no_kind_takes_what_is_no_number_of_a_run(kind: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(NUMBERS[kind]).validate_python(value)


@given(value=st.floats(0, 1))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_a_share_is_taken_as_it_is(value: float) -> None:
    assert TypeAdapter(bounds.Share).validate_python(value) == value


@given(value=st.integers() | st.floats())
@settings(max_examples=100, deadline=None, derandomize=True)
def test_what_a_share_takes_is_one(value: float) -> None:
    try:
        taken = TypeAdapter(bounds.Share).validate_python(value)
    except ValidationError:
        assert not 0 <= value <= 1
    else:
        assert 0 <= taken <= 1


@given(text=st.text())
@settings(max_examples=100, deadline=None, derandomize=True)
def test_a_text_stands_as_it_is_or_says_nothing(text: str) -> None:
    try:
        assert TypeAdapter(bounds.Text).validate_python(text) == text
    except ValidationError:
        assert not text.strip() or "\0" in text


def test_what_stands_twice_is_named() -> None:
    with pytest.raises(ValidationError, match="'b' stands there twice"):
        TypeAdapter(Annotated[list[str], bounds.Once]).validate_python(["a", "b", "b"])


def test_a_path_is_no_address() -> None:
    with pytest.raises(ValidationError, match="give the path of a file or folder"):
        TypeAdapter(bounds.PathText).validate_python("s3://bucket/folder")
