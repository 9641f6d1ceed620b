"""The catalogue: one definition a name, listed without heavy imports, and values that are no numbers stay visible."""

import math
import subprocess
import sys

import pytest

from evaluation.catalogue import definitions, families, measured, not_measured, single_number
from evaluation.measuring.kinds import DerivedMetric
from foundation.by_name import choices, load_choice


def test_names_are_unique_and_every_metric_has_the_model_itself() -> None:
    files = [load_choice("evaluation.metrics", file).METRICS for file in choices("evaluation.metrics")]
    assert sum(map(len, files)) == len(families())
    assert len(definitions()) == sum(len(metric.roles) for metric in families().values())
    assert all("model" in metric.roles for metric in families().values())


def test_every_number_has_a_title_of_its_own_in_words() -> None:
    titles = [definition.title for definition in definitions().values()]
    assert len(set(titles)) == len(titles)
    assert [title for title in titles if "_" in title or len(title) > 80 or not title.strip()] == []
    assert definitions()["psnr_db_baseline"].title == f"{families()['psnr_db'].title}, baseline"


def test_a_derived_metric_has_a_source() -> None:
    derived = [metric for metric in families().values() if isinstance(metric, DerivedMetric)]
    assert derived
    assert all(metric.source in families() for metric in derived)


def test_listing_imports_nothing_heavy() -> None:
    heavy = {"torch", "scipy", "skimage", "cv2", "av"}
    code = f"import sys; from evaluation.catalogue import definitions; definitions(); print({heavy} & set(sys.modules))"
    listed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert listed.stdout.strip() == "set()"


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
