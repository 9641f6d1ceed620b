"""An artifact becomes a version: once, whole or not at all, whoever repeats, races or dies on the way."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from evaluation.contracts import EvaluationReport
from foundation.digests import folder_digest
from model.contracts import RgbArtifact, TrackingConfig
from orchestration.registry.models import DIGEST, RECEIPTS, ModelRegistry
from orchestration.registry.registration import register

ROOT = Path(__file__).parents[3]
REGISTER = """
import os, sys
from pathlib import Path
from evaluation.contracts import EvaluationReport
from model.contracts import RgbArtifact, TrackingConfig
from orchestration.registry.models import ModelRegistry
from orchestration.registry import registration
artifact, report, tracking = (Path(name).read_text() for name in ("artifact.json", "report.json", "tracking.json"))
models = ModelRegistry(TrackingConfig.model_validate_json(tracking))
if len(sys.argv) > 1:  # dies where it would do this
    setattr(registration, sys.argv[1], lambda *_: os._exit(9))
models.versions()
print("ready", flush=True)
while not Path("start").exists():
    pass
receipts = RgbArtifact.model_validate_json(artifact), EvaluationReport.model_validate_json(report)
print(registration.register(models, *receipts).version)
"""
Made = tuple[RgbArtifact, EvaluationReport]


@pytest.fixture
def models(tracking: TrackingConfig) -> ModelRegistry:
    return ModelRegistry(tracking)


@pytest.fixture
def made(
    make_artifact: Callable[[str], RgbArtifact], make_report: Callable[..., EvaluationReport], tracking: TrackingConfig
) -> Made:
    """An artifact and its report, for this process and others."""
    artifact = make_artifact("a")
    report = make_report(artifact)
    for name, model in (("artifact", artifact), ("report", report), ("tracking", tracking)):
        Path(f"{name}.json").write_text(model.model_dump_json())
    return artifact, report


def start(*dies_in: str) -> "subprocess.Popen[str]":
    """A process that registers as soon as the file `start` is there."""
    return subprocess.Popen(
        [sys.executable, "-c", REGISTER, *dies_in],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def runs(models: ModelRegistry) -> int:
    experiment = models.client.get_experiment_by_name("graspline").experiment_id
    return len(models.client.search_runs([experiment]))


def test_the_same_artifact_twice_is_one_version(models: ModelRegistry, made: Made) -> None:
    first = register(models, *made)
    assert models.is_registered(first.artifact)
    assert register(ModelRegistry(models.config), *made) == first
    assert models.versions() == ["1"]
    assert runs(models) == 1
    assert models.aliases() == {"challenger": "1"}


def test_a_version_keeps_its_bytes_numbers_and_receipts(models: ModelRegistry, made: Made) -> None:
    candidate = register(models, *made)
    assert folder_digest(models.folder("1")) == candidate.artifact.digest
    assert models.client.get_run(candidate.mlflow_run_id).data.metrics == {"psnr_db": 20.0}
    version = models.client.get_model_version("graspline-rgb", "1")
    assert set(version.tags) == {DIGEST, "exam_digest", RECEIPTS}
    assert "stage_one from seed 0" in version.description
    assert models.release("1")[1] == made[1]


def test_a_new_report_on_the_same_artifact_takes_the_place_of_the_old(
    models: ModelRegistry, made: Made, make_report: Callable[..., EvaluationReport]
) -> None:
    register(models, *made)
    better = make_report(made[0], psnr_db=25.0)
    register(models, made[0], better)
    assert models.release("1")[1] == better
    assert models.versions() == ["1"]


def test_receipts_and_artifact_belong_together(
    models: ModelRegistry, made: Made, make_artifact: Callable[[str], RgbArtifact]
) -> None:
    with pytest.raises(ValueError, match=r"report\.html is about artifact \w+, not about runs/export-b/rgb_artifact"):
        register(models, make_artifact("b"), made[1])
    register(models, *made)
    name = models.receipts_of("1")
    file = next(Path("registry").rglob(Path(name).name))
    file.write_text(file.read_text().replace('"value": 20.0', '"value": 2.0'))
    with pytest.raises(ValueError, match="of version 1 was changed after it was written: run again"):
        models.release("1")
    register(models, *made)
    assert models.release("1")[1] == made[1], "registering again heals it"


@pytest.mark.parametrize("dies_in", ["_assert_arrived", "make_registered_model", "_keep_receipts"])
def test_dying_on_the_way_leaves_no_version_and_repeating_finishes_it(
    models: ModelRegistry, made: Made, dies_in: str
) -> None:
    Path("start").touch()
    child = start(dies_in)
    child.communicate(timeout=120)
    assert child.returncode == 9
    assert models.versions() == []
    assert register(models, *made).version == "1"
    assert runs(models) == 1, "the run that broke off was taken over"
    models.assert_intact("1")


def test_of_processes_that_register_at_once_all_get_one_version(models: ModelRegistry, made: Made) -> None:
    children = [start() for _ in range(3)]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    Path("start").touch()
    told = [child.communicate(timeout=120) for child in children]
    assert [output.strip() for output, _ in told] == ["1"] * 3, told
    assert models.versions() == ["1"]
    assert runs(models) == 1
