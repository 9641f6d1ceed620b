"""Routing accuracy and recall on a hand-made labelling: base, base, head, hand."""

import math

import numpy as np
import pytest

from evaluation.metrics.routing import routing_scores

LABELS = np.array([0, 0, 1, 2])


def test_accuracy_and_recall() -> None:
    scores = routing_scores(np.array([0, 2, 1, 2]), LABELS)
    assert scores == {
        "accuracy": 0.75,
        "always_base": 0.5,
        "recall_base": 0.5,
        "recall_head": 1.0,
        "recall_hand": 1.0,
    }


def test_a_region_without_tokens_has_no_recall() -> None:
    assert math.isnan(routing_scores(np.array([0, 0]), np.array([0, 0]))["recall_hand"])


def test_different_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="differ in shape"):
        routing_scores(np.array([0]), LABELS)
