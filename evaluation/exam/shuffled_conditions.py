"""Which clip's prompt or audio each clip gets in the shuffled variants: they show that a model uses its conditions.

A prompt exchanged for one of the same words would show nothing, so clips are paired for prompts that differ.
"""

import numpy as np
from scipy.optimize import linear_sum_assignment


def lenders(prompts: list[str]) -> list[int]:
    """Clip i gets its condition from clip lenders[i]: a permutation without fixed point.

    Of all permutations the one whose prompts differ most in words (mean Jaccard distance): deterministic, so that
    every model is evaluated on the same pairs.

    Raises:
        ValueError: fewer than two clips.
    """
    if len(prompts) < 2:
        raise ValueError(
            "one clip alone has nothing to shuffle with: hold out more clips or drop the shuffled variants"
        )
    words = [set(prompt.lower().split()) for prompt in prompts]
    distance = np.array([[1 - len(a & b) / max(len(a | b), 1) for b in words] for a in words])
    np.fill_diagonal(distance, -len(prompts))
    _, lender = linear_sum_assignment(distance, maximize=True)
    return [int(index) for index in lender]
