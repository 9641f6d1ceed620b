"""DVC runs a stage again where one of its deps changed: so every file of ours that it imports must be named there."""

import ast
from pathlib import Path

import pytest
import yaml

from foundation.code_digest import closure

ROOT = Path(__file__).parents[2]
PACKAGES = ("foundation", "data", "model", "evaluation", "orchestration", "benchmarks", "graspline")
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]


def file_of(module: str) -> Path | None:
    """The file of a module of ours, or None where there is none."""
    base = ROOT.joinpath(*module.split("."))
    candidates = (base.with_suffix(".py"), base / "__init__.py")
    return next((file for file in candidates if file.exists()), None) if module.split(".")[0] in PACKAGES else None


def holds_code(file: Path) -> bool:
    """False for a package file that is empty or only a docstring: changing it changes nothing."""
    return any(not isinstance(node, ast.Expr) for node in ast.parse(file.read_text()).body)


def import_closure(module: str) -> set[str]:
    """Every file of ours that `python -m module` may run, imported or found by name, relative to the root."""
    files = {file for file in map(file_of, closure(module)) if file and holds_code(file)}
    return {file.relative_to(ROOT).as_posix() for file in files}


@pytest.mark.parametrize("stage", sorted(STAGES))
def test_deps_are_the_import_closure(stage: str) -> None:
    work = STAGES[stage]["do"]
    module = work["cmd"].split()[2]
    named = {dep for dep in work["deps"] if dep.endswith(".py")}
    needed = import_closure(module)
    assert needed == named, (
        f"dvc.yaml, stage {stage}: add {sorted(needed - named)}, remove {sorted(named - needed)} under deps"
    )


def test_every_stage_depends_on_its_input_and_its_configuration() -> None:
    for stage, work in STAGES.items():
        assert any("${key}" in dep for dep in work["do"]["deps"]), stage
        assert any("${key}" in name for params in work["do"]["params"] for names in params.values() for name in names)


def test_closure_follows_late_imports_and_stops_at_docstring_packages() -> None:
    files = import_closure("data.preparation.prepare_clips")
    assert "data/validation/expectations.py" in files
    assert "data/sources/released_csv/boxes.py" in files  # two steps away
    assert "data/__init__.py" not in files
    assert "model/conditioning/latent_codecs/wan.py" in import_closure("model.encoding.encode_clips")  # found by name
