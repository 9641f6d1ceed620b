"""Which clip lends its prompt or audio to which in the shuffled variants: the proof that a model listens.

A prompt shuffled onto one that says the same would prove nothing, so the lender is chosen for prompts that differ.
"""

import numpy as np
from scipy.optimize import linear_sum_assignment


def lenders(prompts: list[str]) -> list[int]:
    """Clip i borrows its conditions from clip lenders[i]: a permutation without fixed point.

    Of all permutations the one whose prompts differ most in words (mean Jaccard distance); no chance in it, so every
    model sits the same exam.

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
