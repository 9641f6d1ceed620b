"""The smallest network that has every part, for every test that needs one; tests change single values of it."""

import pytest

from model.contracts import NetworkConfig


@pytest.fixture(scope="session")
def small() -> NetworkConfig:
    """Two blocks of width 48, motion and audio included; frozen, so that nobody changes it for the others."""
    return NetworkConfig(
        dim=48,
        ffn_dim=64,
        layers=2,
        heads=2,
        latent_channels=4,
        frequency_dim=16,
        text_dim=8,
        text_tokens=5,
        audio_dim=6,
        audio_layers=3,
        audio_injection_layers=[1],
        expert_dim=8,
    )
