"""Receipts of the registry: a registered candidate, and who is champion."""

from pydantic import BaseModel

from evaluation.contracts import EvaluationReport
from model.contracts import RgbArtifact


class RegisteredCandidate(BaseModel, frozen=True, extra="forbid"):
    """Receipt of a model version in the registry."""

    model: str
    version: str
    artifact: RgbArtifact
    report: EvaluationReport
    mlflow_run_id: str


class Champion(BaseModel, frozen=True, extra="forbid"):
    """Receipt of who is champion now, whoever was judged last."""

    version: str | None
    artifact_digest: str | None
    folder: str | None  # the registered artifact, ready for `graspline generate`
    changed: bool  # whether this run's candidate became champion
    message: str
