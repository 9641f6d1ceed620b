"""Who may import whom, and who may touch which outside tool (DESIGN: layers, one owner per tool)."""

import ast
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("foundation", "data", "model", "evaluation", "orchestration", "benchmarks", "graspline")
FILES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
DAGSTER_FILES = {
    *(f"orchestration/{name}.py" for name in ("assets", "automation", "checks", "definitions")),
    "orchestration/steps/production_line.py",
}
OWNERS = {
    "hydra": {"orchestration/configuration/load_config.py"},
    "omegaconf": {"orchestration/configuration/load_config.py"},
    "deepspeed": {"model/training/deepspeed_engine.py"},
    "great_expectations": {"data/validation/expectations.py"},
    "dvc": set(),  # never imported; a child process of data/dataset_version
    "mlflow": {
        "foundation/project_artifacts.py",
        "foundation/tracking_store.py",
        "model/training/run_tracking.py",
        "orchestration/registry/models.py",
    },
    "sqlalchemy": {"orchestration/registry/ledger.py"},
    "dagster": DAGSTER_FILES
    | {f"orchestration/commands/{name}.py" for name in ("run_pipeline", "dagster_instance", "dagster_page")},
    "typer": {
        f"orchestration/commands/{name}.py"
        for name in ("main", "data", "promotion", "provenance", "study", "torture_app", "plain_errors")
    },
}
FORBIDDEN = (
    ("data.clips.manifest", "model.contracts"),
    ("model.network.rotary", "data.contracts"),
    ("model.inference.sampler", "model.training.train_stage"),
    ("evaluation.evaluate", "model.training.checkpoint"),
)
NEVER_IN_DAGSTER = ("torch", "deepspeed", "diffusers", "transformers", "great_expectations", "mlflow")


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """The contracts of pyproject.toml on the packages in a folder."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as main; main()"]
    options = ["--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    return subprocess.run([*command, *options], cwd=folder, capture_output=True, text=True, check=False)


@cache
def imported(file: Path) -> set[str]:
    """Outermost names of every module a file imports, late imports included."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{file.relative_to(ROOT)}:{node.lineno}: name the package, no relative import"
            found.add(node.module.partition(".")[0])
    return found


def test_contracts_hold() -> None:
    said = lint(ROOT)
    assert said.returncode == 0, said.stdout + said.stderr


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the contracts say of a copy in which every forbidden import stands."""
    folder = tmp_path_factory.mktemp("broken")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    for importer, names in FORBIDDEN:
        file = folder / f"{importer.replace('.', '/')}.py"
        file.write_text(f"{file.read_text()}\nimport {names}\n")
    said = lint(folder)
    assert said.returncode == 1, said.stdout + said.stderr
    return said.stdout


@pytest.mark.parametrize(("importer", "names"), FORBIDDEN)
def test_contracts_catch_an_import_that_breaks_them(broken: str, importer: str, names: str) -> None:
    assert f"{importer} -> {names} (" in broken


@pytest.mark.parametrize("tool", sorted(OWNERS))
def test_every_outside_tool_has_one_owner(tool: str) -> None:
    users = {file.relative_to(ROOT).as_posix() for file in FILES if tool in imported(file)}
    assert users == OWNERS[tool]


def test_dvc_is_started_by_its_owner_alone() -> None:
    starters = set()
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.List | ast.Tuple) and node.elts:
                first = node.elts[0]
                if isinstance(first, ast.Constant) and first.value == "dvc":
                    starters.add(file.relative_to(ROOT).as_posix())
    assert starters == {"data/versions/dataset_version.py"}


def test_no_way_leads_from_orchestration_to_torch() -> None:
    """Late imports included: Dagster's process runs these modules, children run the others."""
    graph = grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)
    for heavy in ("torch", "deepspeed", "diffusers", "transformers"):
        chain = graph.find_shortest_chain("orchestration", heavy, as_packages=True) if heavy in graph.modules else None
        assert chain is None, " -> ".join(chain or ())


def test_the_code_location_loads_without_the_heavy_libraries() -> None:
    say = f"import sys, orchestration.definitions; print([m for m in {NEVER_IN_DAGSTER} if m in sys.modules])"
    told = subprocess.run([sys.executable, "-c", say], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize("module", ["data.config", "model.contracts", "evaluation.contracts", "foundation.run_folder"])
def test_what_orchestration_shares_with_the_children_is_light(module: str) -> None:
    say = f"import sys, {module}; print('torch' in sys.modules or 'numpy' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", say], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"


def test_dagster_files_keep_their_annotations() -> None:
    """`from __future__ import annotations` breaks Dagster's asset contexts."""
    guilty = [name for name in OWNERS["dagster"] if "from __future__" in (ROOT / name).read_text()]
    assert not guilty
