"""`data`, `model`, `evaluation`, `orchestration` are common names: make sure that ours are the ones imported."""

import importlib
import importlib.metadata
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
PACKAGES = TOOLS["importlinter"]["root_packages"]


def test_every_tool_is_told_the_same_packages() -> None:
    assert TOOLS["setuptools"]["packages"]["find"]["include"] == [f"{name}*" for name in PACKAGES]
    assert TOOLS["basedpyright"]["include"] == TOOLS["coverage"]["run"]["source"] == PACKAGES


@pytest.mark.parametrize("name", PACKAGES)
def test_the_name_is_ours(name: str) -> None:
    package = importlib.import_module(name)
    assert [Path(folder) for folder in package.__path__] == [ROOT / name]


def test_a_child_process_sees_the_same() -> None:
    say = f"import {', '.join(PACKAGES)}; print(*[p.__file__ for p in ({', '.join(PACKAGES)})], sep='\\n')"
    told = subprocess.run([sys.executable, "-c", say], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.split() == [str(ROOT / name / "__init__.py") for name in PACKAGES]


def test_tests_are_no_package() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py")), "importlib mode: an __init__.py would shadow our packages"


def test_nothing_in_the_root_shadows_a_dependency() -> None:
    """Servers run `python -m ...` from here: a folder named like a library would be imported in its place."""
    ours = {path.stem for path in ROOT.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    libraries = set(importlib.metadata.packages_distributions()) - set(PACKAGES)
    assert ours == set(PACKAGES)
    assert not ours & (libraries | set(sys.stdlib_module_names))
