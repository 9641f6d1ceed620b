"""Reads conf/network and conf/recipe for the tools that run without a run folder: parity and benchmarks.

Everything that trains or ships gets its values from the run folder's config.yaml instead.
"""

import yaml

from foundation.home import ROOT
from model.contracts import NetworkConfig, RecipeConfig


def network_preset(name: str) -> NetworkConfig:
    """conf/network/<name>.yaml, read from the project root."""
    return NetworkConfig.model_validate(_preset("network", name))


def recipe_preset(name: str) -> RecipeConfig:
    """conf/recipe/<name>.yaml, read from the project root."""
    return RecipeConfig.model_validate(_preset("recipe", name))


def _preset(group: str, name: str) -> object:
    path = ROOT / "conf" / group / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in path.parent.glob("*.yaml")))
        raise ValueError(f"{group}={name}: no such preset; there are {known}")
    return yaml.safe_load(path.read_text(encoding="utf-8"))
