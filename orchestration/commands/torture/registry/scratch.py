"""A scratch registry that decisions are broken off in: MLflow's database, the ledger, cheap artifacts with reports.

An artifact here is a folder of a few hundred bytes with a whole manifest. What is tortured is the registry, whose code
looks at bytes and digests alone; whether a model was proven is asked elsewhere (`verify_release`).
"""

import json
import shutil
from pathlib import Path
from typing import NamedTuple

from evaluation.contracts import Decision, EvaluationReport, Metric
from foundation.addresses import redacted
from foundation.digests import file_sha256, folder_digest
from foundation.tracking_store import SQLITE, open_store
from model.contracts import RgbArtifact, TrackingConfig
from model.contracts.method import StageRecord
from orchestration.registry.contracts import RegisteredCandidate
from orchestration.registry.entries import Draft, Evidence
from orchestration.registry.models import ModelRegistry
from orchestration.registry.registration import register
from orchestration.registry.reigns import Reigns
from orchestration.registry.succession import gate_draft

MODEL = "tortured"


class Release(NamedTuple):
    """What is registered."""

    artifact: RgbArtifact
    report: EvaluationReport


def make_template(folder: Path) -> None:
    """An empty MLflow database, made once: that takes longer than all that is done with a copy."""
    open_store(f"{SQLITE}{folder}/mlflow.db")


def make_registry(template: Path, folder: Path, ledger: str | None) -> TrackingConfig:
    """A registry of its own in a new folder; its ledger beside it, or in the database that is given."""
    folder.mkdir(parents=True)
    shutil.copy(template / "mlflow.db", folder)
    uri = f"{SQLITE}{folder}/mlflow.db"
    return TrackingConfig(uri=uri, experiment=MODEL, registered_model=MODEL, ledger=ledger)


def make_release(folder: Path, number: int) -> Release:
    """An artifact with a report; another number, another digest."""
    artifact = folder / f"artifact-{number}"
    artifact.mkdir(parents=True)
    (artifact / "model.safetensors").write_bytes(bytes(range(256)) + str(number).encode())
    training = [_stage("stage_one", number), _stage("stage_two", number)]
    files = {"model.safetensors": file_sha256(artifact / "model.safetensors")}
    manifest = {"training": [stage.model_dump(mode="json") for stage in training], "files": files}
    (artifact / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    digest = folder_digest(artifact)
    receipt = RgbArtifact(
        folder=str(artifact),
        digest=digest,
        stage_two_weights="",
        stage_two_weights_sha256=training[-1].weights_sha256,
        conditioning_digest="",
        training=(training[0], training[1]),
        proof={},
        parameters=1,
    )
    metric = Metric(name="psnr_db", value=20.0, unit="dB", direction="higher_is_better", version=1)
    report = EvaluationReport(
        artifact_digest=digest,
        exam_digest="exam",
        metrics={"psnr_db": metric},
        report_html="",
        contact_sheet="",
        folder="",
    )
    return Release(receipt, report)


def registered(tracking: TrackingConfig, release: Release) -> RegisteredCandidate:
    """The release as a version."""
    return register(ModelRegistry(tracking), *release)


def passed_draft(seen: Reigns, candidate: RegisteredCandidate, automatic: bool) -> Draft:
    """The gate let a candidate pass, compared with the champion that was seen."""
    decision = Decision(
        passed=True,
        reasons=[],
        challenger_digest=candidate.artifact.digest,
        champion_digest=seen.champion and seen.champion[0],
        exam_digest=candidate.report.exam_digest,
    )
    return gate_draft(seen, candidate, decision, Evidence(), automatic)


def told(error: BaseException) -> str:
    """An error in one line."""
    return redacted(f"{type(error).__name__}: {error}".partition("\n")[0])


def _stage(stage: str, number: int) -> StageRecord:
    two = stage == "stage_two"
    return StageRecord.model_validate(
        {
            "stage": stage,
            "attention": "asymmetric" if two else "full",
            "steps": 1,
            "seed": number,
            "network": "n",
            "recipe": "r",
            "train_digest": "t",
            "initial_digest": None,
            "parent_weights_sha256": f"one {number}" if two else None,
            "weights_sha256": f"two {number}" if two else f"one {number}",
            "receipt": "r",
        }
    )
