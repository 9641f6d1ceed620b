"""How far a mouth is open: ridge regression from the lower face, fitted on the studio's training clips.

It is given the crop and its difference from the person reference's, whose mouth is closed. Unlike darkness it is not
taken in by any dark spot of the right size, and it gives the opening itself: 0 closed, 1 wide open.

Shape legend: N crops, D values of a crop, X = 2 D + 1 inputs.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]

RIDGE = 20.0


@dataclass(frozen=True)
class MouthReader:
    """opening = inputs @ weights."""

    weights_X: Real

    def opening(self, crops_ND: Real, reference_D: Real) -> Real:
        """How far each mouth is open [N]; a little below 0 and above 1 is possible."""
        return _inputs(crops_ND, np.broadcast_to(reference_D, crops_ND.shape)) @ self.weights_X


def fit_mouth_reader(crops_ND: Real, references_ND: Real, openings_N: NDArray[np.floating]) -> MouthReader:
    """From training crops, the reference crop that belongs to each, and the true openings."""
    inputs_NX = _inputs(crops_ND, references_ND)
    gram_XX = inputs_NX.T @ inputs_NX + RIDGE * np.eye(inputs_NX.shape[1])
    weights_X = np.linalg.solve(gram_XX, inputs_NX.T @ openings_N.astype(np.float64))
    return MouthReader(weights_X.astype(np.float64))


def _inputs(crops_ND: Real, references_ND: Real) -> Real:
    return np.concatenate([crops_ND, crops_ND - references_ND, np.ones((len(crops_ND), 1))], axis=1)
