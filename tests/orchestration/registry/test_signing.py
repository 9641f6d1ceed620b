"""An artifact carries its own key's signature or is refused: with the real library, offline, on real keys."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from evaluation.contracts import EvaluationReport
from model.contracts import RgbArtifact, TrackingConfig
from orchestration.configuration.approval import ApprovalConfig
from orchestration.registry.models import ModelRegistry
from orchestration.registry.registration import register
from orchestration.registry.signing import sign, verify

MINE = ApprovalConfig(signing_key="mine.pem", verifying_key="mine.pub")
THEIRS = ApprovalConfig(signing_key="theirs.pem", verifying_key="theirs.pub")


@pytest.fixture
def keys(project: Path) -> None:
    pytest.importorskip("model_signing", reason="an extra: `make setup-extras` installs model-signing")
    for name in ("mine", "theirs"):
        made = ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.pem"]
        subprocess.run(made, check=True, capture_output=True)
        public = ["openssl", "ec", "-in", f"{name}.pem", "-pubout", "-out", f"{name}.pub"]
        subprocess.run(public, check=True, capture_output=True)


@pytest.fixture
def made(
    tracking: TrackingConfig, make_artifact: Callable[[str], RgbArtifact], make_report: Callable[..., EvaluationReport]
) -> tuple[RgbArtifact, EvaluationReport]:
    artifact = make_artifact("a")
    return artifact, make_report(artifact)


def test_a_registered_artifact_is_signed_and_verified(
    keys: None, tracking: TrackingConfig, made: tuple[RgbArtifact, EvaluationReport]
) -> None:
    register(ModelRegistry(tracking, MINE), *made)
    folder = ModelRegistry(tracking, MINE).assert_intact("1")
    with pytest.raises(ValueError, match=r"does not carry the signature of theirs\.pub: Key mismatch"):
        ModelRegistry(tracking, THEIRS).assert_intact("1")
    folder.with_name("rgb_artifact.sig").unlink()
    ModelRegistry(tracking).assert_intact("1")
    with pytest.raises(ValueError, match=r"is not signed .*approval\.verifying_key asks for a signature"):
        ModelRegistry(tracking, MINE).assert_intact("1")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda folder: (folder / "model.safetensors").write_text("b"), r"Hash mismatch for 'model\.safetensors'"),
        (lambda folder: (folder / "more").write_text("b"), "Extra files found in model .*more"),
        (lambda folder: (folder / "model.safetensors").unlink(), r"Missing files in model .*model\.safetensors"),
    ],
    ids=["flipped", "added", "removed"],
)
def test_what_changed_is_named(keys: None, made: tuple[RgbArtifact, object], change: object, says: str) -> None:
    folder = Path(made[0].folder)
    sign(folder, Path("a.sig"), MINE)
    verify(folder, Path("a.sig"), MINE)
    assert callable(change)
    change(folder)
    with pytest.raises(ValueError, match=says):
        verify(folder, Path("a.sig"), MINE)


def test_a_key_that_is_lost_is_named(project: Path) -> None:
    with pytest.raises(ValueError, match=r"approval\.signing_key: mine\.pem is missing"):
        sign(project, Path("a.sig"), MINE)
    with pytest.raises(ValueError, match=r"approval\.verifying_key: mine\.pub is missing"):
        verify(project, Path("a.sig"), MINE)
