"""The fit finds what decides, gives no number a weight of the wrong sign, and its report counts as it says."""

import numpy as np

from benchmarks.product_fit import Row, fitted, report, right
from data.annotators.offline.product_confidence import Model


def rows(count: int) -> tuple[list[Row], list[bool]]:
    """A mask is right where it is distinct, more often where it is small; how compact it is says the wrong thing."""
    random = np.random.default_rng(0)
    values_N3 = random.random((count, 3))
    labels = values_N3[:, 0] - 0.2 * values_N3[:, 1] + random.normal(0, 0.05, count) > 0.4
    values_N3[:, 2] -= 0.1 * labels
    names = ("distinct", "large", "compact")
    return [{"evidence": dict(zip(names, map(float, each), strict=True))} for each in values_N3], labels.tolist()


def test_the_fit_finds_what_decides_and_drops_what_says_the_wrong_thing() -> None:
    some, labels = rows(300)
    model = fitted(some, labels, ("distinct", "large", "compact"))
    assert set(model.weights) <= {"distinct", "large"}
    assert model.weights["distinct"] > 0 > model.weights.get("large", -1.0)
    answers = [model.confidence(row["evidence"]) > 0.5 for row in some]
    assert np.mean(np.array(answers) == labels) > 0.9


def test_the_report_counts_what_is_found_and_what_of_it_is_right() -> None:
    thing = Model({"distinct": 20.0}, -10.0)
    fields = {"batch": "plain7", "case": "own", "guess": 0, "seen": 1.0}
    some = [
        fields | {"clip": clip, "overlap": overlap, "evidence": {"distinct": distinct}, "seen": seen}
        for clip, overlap, distinct, seen in (
            ("right", 0.9, 0.9, 1.0),
            ("wrong", 0.2, 0.9, 1.0),
            ("unsure", 0.9, 0.1, 1.0),
            ("hardly_seen", 0.9, 0.9, 0.2),
        )
    ]
    lines = report(some, (thing, Model({}, 9.0)), 0.6).splitlines()
    assert "| plain7, own | 4 | 3 | 2 | 2 | 1 | 0.25 |" in lines


def test_nothing_is_right_with_another_products_picture() -> None:
    assert right({"overlap": 0.9, "case": "own"})
    assert not right({"overlap": 0.9, "case": "another"})
    assert not right({"overlap": 0.4, "case": "none"})
