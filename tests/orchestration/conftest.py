"""Receipts as small as they can be, and a tracking server of each test's own."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from evaluation.contracts import EvaluationReport, Metric
from foundation.digests import file_sha256, folder_digest, text_sha256
from model.contracts import RgbArtifact, TrackingConfig
from tests.receipts import history, left

MakeArtifact = Callable[[str], RgbArtifact]
MakeReport = Callable[..., EvaluationReport]


CLIPS_SHOWN = '[{"clip_id": "clip_0", "prompt": "shows it", "frames_per_second": 25.0}]'


@pytest.fixture
def make_artifact(project: Path) -> MakeArtifact:
    """An exported folder with one file in it, and its receipt. Other weights, other digest."""

    def make(weights: str) -> RgbArtifact:
        folder = project / "runs" / f"export-{weights}" / "rgb_artifact"
        folder.mkdir(parents=True)
        (folder / "model.safetensors").write_text(weights)
        training = [record.model_dump(mode="json") for record in history(f"stage two of {weights}")]
        files = {"model.safetensors": file_sha256(folder / "model.safetensors")}
        (folder / "manifest.json").write_text(json.dumps({"training": training, "files": files}), encoding="utf-8")
        return left(
            RgbArtifact(
                folder=str(folder.relative_to(project)),
                digest=folder_digest(folder),
                stage_two_weights=str(weights),
                stage_two_weights_sha256=f"stage two of {weights}",
                training=history(f"stage two of {weights}"),
                proof={"noise_swap": "same bits"},
                parameters=3_300_000,
                conditioning_digest="c",
            )
        )

    return make


@pytest.fixture
def make_report(project: Path) -> MakeReport:
    """A report whose one number is `psnr_db`, the same on each of four clips."""

    def make(artifact: RgbArtifact, psnr_db: float = 20.0, exam: str = "exam of march") -> EvaluationReport:
        metric = Metric(
            name="psnr_db",
            value=psnr_db,
            unit="dB",
            direction="higher_is_better",
            version=1,
            per_clip={f"clip_{at}": psnr_db for at in range(4)},
        )
        folder = Path(f"runs/evaluation-{text_sha256(f'{artifact.digest} {psnr_db} {exam}')[:10]}")
        (folder / "videos").mkdir(parents=True, exist_ok=True)
        for name, content in (
            ("clips.json", CLIPS_SHOWN),
            ("report.html", "numbers"),
            ("contact_sheet.png", "picture"),
        ):
            (folder / name).write_text(content)
        return left(
            EvaluationReport(
                artifact_digest=artifact.digest,
                exam_digest=exam,
                metrics={"psnr_db": metric},
                report_html=str(folder / "report.html"),
                contact_sheet=str(folder / "contact_sheet.png"),
                folder=str(folder),
            )
        )

    return make


@pytest.fixture(scope="session")
def empty_mlflow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database without a run in it; making one takes longer than every test that uses a copy."""
    from mlflow import MlflowClient

    file = tmp_path_factory.mktemp("mlflow") / "empty.db"
    MlflowClient(f"sqlite:///{file}").search_experiments()
    return file


@pytest.fixture
def tracking(project: Path, empty_mlflow: Path) -> TrackingConfig:
    """A tracking server of the test's own."""
    (project / "registry").mkdir()
    shutil.copy(empty_mlflow, project / "registry/mlflow.db")
    uri = f"sqlite:///{project}/registry/mlflow.db"
    return TrackingConfig(uri=uri, experiment="graspline", registered_model="graspline-rgb")
