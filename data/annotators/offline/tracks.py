"""Landmarks over time: short gaps are filled, jitter is taken off, nothing is invented where nothing was seen for long.

Shape legend: T frames, K landmarks (x, y, confidence).
"""

from itertools import pairwise

import numpy as np

from data.annotators.contracts import Landmarks

LONGEST_GAP = 5  # frames, a fifth of a second at 25 fps
FILLED = 0.5  # what an interpolated landmark's confidence is of its neighbours'


def fill_short_gaps(track_TK3: Landmarks, longest: int = LONGEST_GAP) -> Landmarks:
    """Interpolate over at most `longest` unseen frames between two seen ones; the rest stays unseen."""
    filled = track_TK3.copy()
    for landmark in range(track_TK3.shape[1]):
        seen = np.flatnonzero(track_TK3[:, landmark, 2] > 0)
        for before, after in pairwise(seen):
            if 1 < after - before <= longest + 1:
                share = (np.arange(before + 1, after) - before)[:, None] / (after - before)
                between = (1 - share) * track_TK3[before, landmark] + share * track_TK3[after, landmark]
                filled[before + 1 : after, landmark] = between * np.array([1, 1, FILLED])
    return filled.astype(np.float32)


def steady(track_TK3: Landmarks) -> Landmarks:
    """The mean of each landmark over three frames, weights 1 2 1, of those in which it was seen."""
    seen_TK1 = (track_TK3[..., 2:] > 0).astype(np.float32)
    padded = np.pad(np.concatenate([track_TK3[..., :2], seen_TK1], axis=-1), ((1, 1), (0, 0), (0, 0)))
    three_3TK3 = np.stack([padded[:-2], padded[1:-1], padded[2:]])
    weights_3TK1 = three_3TK3[..., 2:] * np.array([1, 2, 1], np.float32)[:, None, None, None]
    points_TK2 = (three_3TK3[..., :2] * weights_3TK1).sum(axis=0) / np.maximum(weights_3TK1.sum(axis=0), 1)
    kept_TK2 = np.where(seen_TK1 > 0, points_TK2, track_TK3[..., :2])
    return np.concatenate([kept_TK2, track_TK3[..., 2:]], axis=-1).astype(np.float32)
