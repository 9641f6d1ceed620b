"""requirements*.txt pin what pyproject.toml asks for, what that asks for in turn, and nothing else: see `make lock`."""

import ast
import importlib.metadata
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
GROUPS: dict[str, list[str]] = {"dependencies": PROJECT["project"]["dependencies"], **PROJECT["dependency-groups"]}
ANNOTATORS = ROOT / ".venv-annotators/lib/python3.11/site-packages"
LEFT_OUT = {entry["name"]: entry["requires-dist"] for entry in PROJECT["tool"]["uv"]["dependency-metadata"]}
NOT_IMPORTED = {"dagster-webserver", "dvc", "silero-vad"}  # two run as programs, of one the weights are read
PART_OF = {"dagster-shared": "dagster", "pydantic-core": "pydantic"}  # released together, pinned by the other


class Lock(NamedTuple):
    groups: tuple[str, ...]
    site_packages: list[str]


LOCKS = {
    "requirements.txt": Lock(("dependencies", "dev"), sys.path),
    "requirements-extras.txt": Lock(("ray", "dwpose", "signing", "postgres"), sys.path),
    "requirements-annotators.txt": Lock(("annotators",), [str(ANNOTATORS)]),
}


def locked(file: str) -> dict[str, str]:
    lines = [line for line in (ROOT / file).read_text().splitlines() if line and not line.lstrip().startswith("#")]
    return {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}


def asked(file: str) -> list[Requirement]:
    return [Requirement(text) for group in LOCKS[file].groups for text in GROUPS[group]]


def installed(file: str) -> dict[str, importlib.metadata.Distribution]:
    found = importlib.metadata.distributions(path=LOCKS[file].site_packages)
    return {canonicalize_name(one.metadata["Name"]): one for one in found}


def needs(distribution: importlib.metadata.Distribution, extras: frozenset[str]) -> Iterator[Requirement]:
    """What a package asks for here, with these extras of it, less what pyproject.toml says is left out."""
    name = canonicalize_name(distribution.metadata["Name"])
    for text in LEFT_OUT.get(name, distribution.requires or []):
        requirement = Requirement(text)
        if requirement.marker is None or any(requirement.marker.evaluate({"extra": e}) for e in extras | {""}):
            yield requirement


@pytest.mark.parametrize("file", LOCKS)
def test_a_lock_says_that_it_is_made(file: str) -> None:
    assert "make lock" in "".join((ROOT / file).read_text().splitlines()[:3])


@pytest.mark.parametrize("file", LOCKS)
def test_every_direct_dependency_is_locked_inside_its_range(file: str) -> None:
    pins = locked(file)
    for requirement in asked(file):
        version = pins.get(canonicalize_name(requirement.name))
        assert version, f"{file} lacks {requirement.name}: run `make lock`"
        assert requirement.specifier.contains(version, prereleases=True), f"{requirement} in {file}: {version}"


@pytest.mark.parametrize("file", LOCKS)
def test_a_lock_holds_what_is_needed_and_nothing_else(file: str) -> None:
    pins, present = locked(file), installed(file)
    missing = sorted(set(pins) - set(present))
    if missing and file != "requirements.txt":
        pytest.skip(f"not set up here: {', '.join(missing)} of {file}")
    assert not missing, "run `make setup`"
    reached: set[tuple[str, frozenset[str]]] = set()
    waiting = asked(file)
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        assert name in pins, f"{requirement} is needed and not in {file}: run `make lock`"
        assert requirement.specifier.contains(pins[name], prereleases=True), (
            f"{file}: {name} {pins[name]}, {requirement}"
        )
        if (name, frozenset(requirement.extras)) not in reached:
            reached.add((name, frozenset(requirement.extras)))
            waiting += needs(present[name], frozenset(requirement.extras))
    assert sorted({name for name, _ in reached}) == sorted(pins), f"{file} holds what nothing needs: run `make lock`"


@pytest.mark.parametrize("file", LOCKS)
def test_what_is_installed_is_what_is_locked(file: str) -> None:
    present = installed(file)
    here = {name: present[name].version.partition("+")[0] for name in locked(file) if name in present}
    if not here:
        pytest.skip(f"{file} is not set up here")
    assert here == {name: version for name, version in locked(file).items() if name in here}


def imported() -> set[str]:
    """Top-level names that our packages import, wherever in a file they do."""
    ours = [ROOT / name for name in PROJECT["tool"]["importlinter"]["root_packages"]]
    names: set[str] = set()
    for file in (file for folder in ours for file in folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.partition(".")[0])
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "import_module":
                names |= {str(word.value) for word in node.args if isinstance(word, ast.Constant)}
    return names - {folder.name for folder in ours} - set(sys.stdlib_module_names)


def test_what_is_imported_is_what_is_asked_for() -> None:
    """No package of ours stands on one that only another dependency brings, and none is asked for in vain."""
    known = importlib.metadata.packages_distributions()
    bring = [{PART_OF.get(of, of) for of in map(canonicalize_name, known.get(name, []))} for name in imported()]
    groups = {group: {canonicalize_name(Requirement(text).name) for text in GROUPS[group]} for group in GROUPS}
    direct = set[str]().union(*(names for group, names in groups.items() if group != "dev"))
    assert not [sorted(names) for names in bring if names and not names & direct], "ask for it in pyproject.toml"
    unused = groups["dependencies"] - set[str]().union(*bring) - NOT_IMPORTED
    assert not unused, f"nothing imports {', '.join(sorted(unused))}: take it out of [project] dependencies"
