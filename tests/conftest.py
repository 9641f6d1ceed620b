"""What tests of several rooms share: a project of their own, the smallest network, the presets, and their order."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from model.contracts import NetworkConfig, RecipeConfig

ROOT = Path(__file__).parents[1]


def pytest_configure() -> None:
    """Two workers share two cores: torch, which reads this when it is imported, takes one thread in each."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest modules first, so that no worker starts on the whole chain when the others are done."""
    long = {item.path for item in items if item.get_closest_marker("end_to_end")}
    items.sort(key=lambda item: (item.path.parent.name != "end_to_end", item.path not in long))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project and the working folder, which every path of ours is relative to; children find the packages."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return tmp_path


@pytest.fixture(scope="session")
def read_network() -> Callable[[str], NetworkConfig]:
    """conf/network/NAME.yaml."""
    return lambda name: NetworkConfig.model_validate(yaml.safe_load((ROOT / f"conf/network/{name}.yaml").read_text()))


@pytest.fixture(scope="session")
def read_recipe() -> Callable[[str], RecipeConfig]:
    """conf/recipe/NAME.yaml."""
    return lambda name: RecipeConfig.model_validate(yaml.safe_load((ROOT / f"conf/recipe/{name}.yaml").read_text()))


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
