"""Routing accuracy and recall on a hand-made labelling: base, base, head, hand."""

import math

import numpy as np
import torch

from evaluation.measuring.clip import MeasuredClip
from evaluation.measuring.network_answer import NetworkAnswer
from evaluation.metrics.routing import accuracy, always_base, recall


def _clip(picks: list[int], labels: list[int]) -> MeasuredClip:
    nothing = torch.zeros(0)
    shaped = (np.array([[values]]) for values in (picks, labels))
    return MeasuredClip("a", network=NetworkAnswer(nothing, nothing, nothing, 0.0, None, *shaped))


def test_accuracy_and_recall() -> None:
    clip = _clip([0, 2, 1, 2], [0, 0, 1, 2])
    assert accuracy(clip) == 0.75
    assert always_base(clip) == 0.5
    assert {region: recall(clip, region) for region in ("base", "head", "hand")} == {
        "base": 0.5,
        "head": 1.0,
        "hand": 1.0,
    }


def test_a_region_without_tokens_has_no_recall() -> None:
    assert math.isnan(recall(_clip([0, 0], [0, 0]), "hand"))
