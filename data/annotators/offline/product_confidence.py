"""How surely a guess is the product: the probability that its mask has IoU over 0.5, by logistic regression.

Two questions, and the product of their answers: is the mask a thing at the hands, and is that thing what the picture
shows? The numbers are those of data.annotators.offline.product_evidence, each times its weight. Weights and biases were
fitted on studio clips of three kinds (as they are, clothes in the product's colours, a wall full of things), partly
hidden, with the product's own picture, another's, or none, by `python -m benchmarks.product_confidence fit`;
docs/experiments.md says on which clips, and what held-out ones gave.
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


MASK_NUMBERS = ("compact", "distinct", "in_hand", "large", "moves", "off_person", "seen", "small", "steady")
PICTURE_NUMBERS = ("colours", "features", "looks")
IS_A_THING = Model(
    {"compact": 2.307, "distinct": 9.018, "in_hand": 1.487, "large": -11.329, "seen": 2.524},
    bias=-10.142,
)
IS_THE_PICTURED = Model(
    {"colours": 9.849, "features": 0.216, "looks": 4.489},
    bias=-10.103,
)


def confidence_in(evidence: Mapping[str, float], thing: Model = IS_A_THING, pictured: Model = IS_THE_PICTURED) -> float:
    """0 where there is no evidence: nothing was found."""
    if not evidence:
        return 0.0
    same = pictured.confidence(evidence) if "looks" in evidence else 1.0
    return round(thing.confidence(evidence) * same, 4)
