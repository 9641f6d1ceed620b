"""Who is it: linear discriminants of face crops, fitted on the studio's training persons.

What persons differ in is kept (principal components), what one person's frames differ in, codec and noise included, is
divided out (within-class whitening). So a distance of 1 is what two frames of one person are apart. What lies outside
the components is not a face: its size, against the training frames', says how odd a crop is.

Shape legend: N crops, D values of a crop, C components.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]

COMPONENTS = 40
SHRINKAGE = 0.1  # of the within-class covariance towards its own diagonal mean


@dataclass(frozen=True)
class FaceSpace:
    """description = (crop - mean) @ directions; residual: mean square outside the components, in training frames."""

    mean_D: Real
    components_DC: Real
    whitening_CC: Real
    residual: float

    def describe(self, crops_ND: Real) -> Real:
        """Descriptions [N,C]; the mean square distance of two of one person is about 1 over all C."""
        return (crops_ND - self.mean_D) @ self.components_DC @ self.whitening_CC

    def oddness(self, crops_ND: Real) -> Real:
        """Root mean square of what no face has, in units of the training frames' [N]."""
        centred_ND = crops_ND - self.mean_D
        outside_ND = centred_ND - centred_ND @ self.components_DC @ self.components_DC.T
        return np.sqrt((outside_ND**2).mean(axis=1)) / self.residual


def fit_face_space(crops_ND: Real, references_ND: Real) -> FaceSpace:
    """From training crops and the reference crop of the person that each shows."""
    mean_D = references_ND.mean(axis=0)
    centred_ND = np.concatenate([crops_ND, references_ND]) - mean_D
    _, _, directions = np.linalg.svd(centred_ND, full_matrices=False)
    components_DC = directions[: min(COMPONENTS, len(directions))].T
    difference_NC = (crops_ND - references_ND) @ components_DC
    within_CC = difference_NC.T @ difference_NC / len(difference_NC)
    count = len(within_CC)
    within_CC = (1 - SHRINKAGE) * within_CC + SHRINKAGE * np.trace(within_CC) / count * np.eye(count)
    values_C, vectors_CC = np.linalg.eigh(within_CC)
    whitening_CC = vectors_CC / np.sqrt(values_C * count)
    outside_ND = (crops_ND - mean_D) - (crops_ND - mean_D) @ components_DC @ components_DC.T
    return FaceSpace(mean_D, components_DC, whitening_CC, float(np.sqrt((outside_ND**2).mean())))
