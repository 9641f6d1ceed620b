"""An artifact's samples are made with its own sampling; only how guidance is computed is the machine's."""

from pathlib import Path

import pytest

from evaluation import generate_samples
from foundation.digests import folder_digest
from model.artifact.rgb_artifact import LoadedArtifact
from model.contracts import SamplingConfig
from tests.receipts import artifact_receipt


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    return tmp_path


def test_guidance_passes_are_the_machines_and_all_else_is_the_artifacts(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = SamplingConfig(steps=4, guidance=2.0, sigma_shift=5.0)
    fields = dict.fromkeys(LoadedArtifact.__dataclass_fields__)
    loaded = LoadedArtifact(**{**fields, "sampling": own})  # pyright: ignore[reportArgumentType]
    monkeypatch.setattr(generate_samples, "load_artifact", lambda *_: loaded)
    machine = SamplingConfig(steps=40, guidance=7.0, sigma_shift=7.0, guidance_passes="two")
    artifact = generate_samples._load(artifact_receipt(folder, folder_digest(folder)), machine)
    assert artifact.sampling == own.model_copy(update={"guidance_passes": "two"})


def test_an_artifact_that_changed_is_refused(folder: Path) -> None:
    machine = SamplingConfig(steps=4, guidance=2.0, sigma_shift=5.0)
    with pytest.raises(ValueError, match="is not the one of the receipt"):
        generate_samples._load(artifact_receipt(folder, "another"), machine)
