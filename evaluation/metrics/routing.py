"""How well the router finds the labelled regions: accuracy and recall per region.

Most tokens are `base`, so accuracy alone flatters a router that always says `base`: read it beside that baseline.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from model.contracts import REGIONS

# N target tokens, E = 3 regions
Labels = NDArray[np.integer]


def routing_scores(picked_N: Labels, labels_N: Labels) -> Mapping[str, float]:
    """Scores of one clip.

    Args:
        picked_N: argmax of the router logits (any number of layers, flattened), an index into REGIONS.
        labels_N: the region labels, same shape.

    Returns:
        `accuracy`, `always_base` and `recall_<region>`; a region without a token has recall NaN.

    Raises:
        ValueError: different shapes.
    """
    if picked_N.shape != labels_N.shape:
        raise ValueError(f"router picks {picked_N.shape} and labels {labels_N.shape} differ in shape")
    right = picked_N == labels_N
    scores = {"accuracy": float(right.mean()), "always_base": float((labels_N == REGIONS.index("base")).mean())}
    for index, region in enumerate(REGIONS):
        here = labels_N == index
        scores[f"recall_{region}"] = float(right[here].mean()) if here.any() else float("nan")
    return scores
