"""NIQE: blur and noise take a picture away from the statistics that its undamaged kind has."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.io import savemat

from evaluation.backends.tools.natural_scenes import NaturalScenes, features


def photograph(seed: int) -> np.ndarray:
    """Texture of all sizes [480,480,3]: noise whose power falls with frequency, as photographs' does."""
    draw = np.random.default_rng(seed)
    across, down = np.meshgrid(np.fft.fftfreq(480), np.fft.fftfreq(480))
    spectrum = np.fft.fft2(draw.normal(size=(480, 480))) / np.maximum(np.hypot(across, down), 1 / 480)
    picture = np.real(np.fft.ifft2(spectrum))
    grey = (128 + 45 * picture / picture.std()).clip(0, 255).astype(np.uint8)
    return grey[..., None].repeat(3, axis=-1)


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> NaturalScenes:
    """With statistics of such pictures instead of photographs'."""
    seen = np.concatenate([features(photograph(seed)[..., 0].astype(np.float32)) for seed in range(6)])
    file = tmp_path_factory.mktemp("niqe") / "natural.mat"
    savemat(file, {"pop_mu": seen.mean(axis=0)[None], "pop_cov": np.cov(seen.T)})
    return NaturalScenes(Path(file))


def test_36_features_a_patch() -> None:
    assert features(photograph(0)[..., 0].astype(np.float32)).shape == (25, 36)


def test_damage_raises_the_distance_by_its_strength(tool: NaturalScenes) -> None:
    picture = photograph(99)
    noise = np.random.default_rng(0).normal(0, 12, picture.shape[:2])[..., None]
    noisy = (picture + noise).clip(0, 255).astype(np.uint8)
    clean, hit = tool.distance(picture), tool.distance(noisy)
    soft, softer = (tool.distance(np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma))) for sigma in (1.0, 2.5))
    assert clean < hit
    assert clean < soft < softer


def test_a_black_picture_has_no_statistics(tool: NaturalScenes) -> None:
    assert np.isnan(tool.distance(np.zeros((480, 480, 3), np.uint8)))
