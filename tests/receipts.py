"""Receipts of training and generation as tests need them: as the method says, unless a test asks for something else."""

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from evaluation.contracts import Exam, GeneratedSamples
from foundation.digests import file_sha256
from model.contracts import RgbArtifact, TrainedStage
from model.contracts.method import StageRecord
from orchestration.steps.run_step import run_of

Receipt = TypeVar("Receipt", bound=BaseModel)


def stage_receipt(**changes: Any) -> TrainedStage:
    """Stage one's, or with stage="stage_two" the other's."""
    two = changes.get("stage") == "stage_two"
    receipt = {
        "stage": "stage_one",
        "attention": "asymmetric" if two else "full",
        "seed": 0,
        "network": "n",
        "recipe": "r",
        "run": "runs/x",
        "weights": "w",
        "weights_sha256": "two" if two else "one",
        "train_digest": "t",
        "parent_weights_sha256": "one" if two else None,
        "steps": 1,
        "final_losses": {},
        "mlflow_run_id": "m",
        "loss_curve": "l.png",
        "before": stage_receipt().history() if two else (),
    }
    return TrainedStage.model_validate({**receipt, **changes})


def stage_two_receipt(weights: Path, **changes: Any) -> TrainedStage:
    """Stage two's, of the weights in a file."""
    of_file = {"weights": str(weights), "weights_sha256": file_sha256(weights)}
    return stage_receipt(**{"stage": "stage_two", **of_file, **changes})


def history(weights_sha256: str) -> tuple[StageRecord, ...]:
    """What led to these weights of stage two."""
    return stage_receipt(stage="stage_two", weights_sha256=weights_sha256).history()


def artifact_receipt(folder: Path | str, digest: str, conditioning_digest: str = "c") -> RgbArtifact:
    """An artifact's that nobody loads, exported from weights "s"."""
    return RgbArtifact(
        folder=str(folder),
        digest=digest,
        stage_two_weights="w",
        stage_two_weights_sha256="s",
        training=history("s"),
        proof={},
        parameters=1,
        conditioning_digest=conditioning_digest,
    )


def samples_receipt(exam: Exam, artifact_digest: str, digest: str, folder: Path | str = "f") -> GeneratedSamples:
    """Samples that nobody looks at: of an artifact, on an exam of held-out clips "h"."""
    return GeneratedSamples(
        folder=str(folder),
        digest=digest,
        artifact_digest=artifact_digest,
        held_out_digest="h",
        exam=exam,
        variants=["true"],
        seeds_a_clip=1,
        clips=[],
        contact_sheet="",
    )


def left(receipt: Receipt) -> Receipt:
    """The receipt, as the last thing that its run left."""
    run = run_of(receipt)
    assert run is not None
    run.finish(receipt.model_dump(mode="json"))
    return receipt


def set_steps(folder: Path, steps: int) -> None:
    """Change an artifact so that its own manifest still fits."""
    sampling, manifest = (json.loads((folder / f"{name}.json").read_text()) for name in ("sampling", "manifest"))
    (folder / "sampling.json").write_text(json.dumps({**sampling, "steps": steps}))
    manifest["files"]["sampling.json"] = file_sha256(folder / "sampling.json")
    (folder / "manifest.json").write_text(json.dumps(manifest))
