"""The catalogue: one definition a name, and values that are no numbers stay visible."""

import math

import pytest

from evaluation.metrics.catalogue import DEFINITIONS, measured, not_measured, single_number


def test_names_are_unique_and_every_family_has_the_model_itself() -> None:
    names = [definition.name for definition in DEFINITIONS]
    assert len(set(names)) == len(names)
    assert {d.family for d in DEFINITIONS} == {d.name for d in DEFINITIONS if d.role == "model"}


def test_mean_over_clips_counts_those_without_a_value() -> None:
    metric = measured("psnr_db", {"a": 20.0, "b": 22.0, "c": math.nan})
    assert metric.value == pytest.approx(21.0)
    assert metric.per_clip == {"a": 20.0, "b": 22.0}
    assert "1 of 3 clips" in metric.note


@pytest.mark.parametrize("per_clip", [{}, {"a": math.nan}])
def test_no_value_at_all_is_none_with_a_note(per_clip: dict[str, float]) -> None:
    metric = measured("psnr_db", per_clip)
    assert metric.value is None
    assert metric.note


def test_a_ratio_to_nothing_has_no_value() -> None:
    assert single_number("hand_error_ratio_to_repeat", math.inf).value is None
    assert not_measured("psnr_db", "no frames").note == "no frames"
