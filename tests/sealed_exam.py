"""What the sealed exam of a candidate leaves, for tests of what is decided on it."""

import shutil
from pathlib import Path

from evaluation.contracts import EvaluationReport
from evaluation.exam.open_and_sealed import sealed_exam
from evaluation.recognisers.receipt import FittedRecognisers
from model.contracts import RgbArtifact, TrainingSet
from orchestration.configuration.load_config import PipelineConfig
from orchestration.steps import model_steps
from tests.receipts import samples_receipt


def leave_sealed(
    config: PipelineConfig,
    training_set: TrainingSet,
    candidate: RgbArtifact,
    evaluated: tuple[RgbArtifact, EvaluationReport],
    psnr_db: float,
) -> None:
    """What a model's samples and measuring on a candidate's sealed exam leave, as if their runs were finished."""
    artifact, report = evaluated
    exam = sealed_exam(config.evaluation, candidate.digest)
    request = model_steps.samples_request(config, artifact, training_set, exam)
    request.folder.write_request({}, {})
    samples = samples_receipt(exam, artifact.digest, f"of {artifact.digest}", request.folder.path)
    request.folder.finish(samples.model_dump(mode="json"))
    recognisers = FittedRecognisers(file=None, hand_locator=None, digest="", version=1)
    fitting = model_steps.recognisers_request(config, candidate, training_set)
    if not (fitting.folder.path / "result.json").exists():
        fitting.folder.write_request({}, {})
        fitting.folder.finish(recognisers.model_dump(mode="json"))
    inputs = {
        "artifact": artifact,
        "samples": samples,
        "training_set": training_set,
        "examiner": candidate,
        "recognisers": recognisers,
    }
    folder = model_steps.evaluation_request(config, inputs).folder
    folder.write_request({}, {})
    shutil.copy(Path(report.folder) / "clips.json", folder.path)
    clips = {f"clip_{at}": psnr_db + at / 10 for at in range(4)}
    metric = report.metrics["psnr_db"].model_copy(update={"value": psnr_db, "per_clip": clips})
    sealed = {
        "exam": "sealed",
        "exam_digest": f"sealed {exam.seed}",
        "metrics": {"psnr_db": metric},
        "folder": str(folder.path),
    }
    folder.finish(EvaluationReport.model_validate({**report.model_dump(), **sealed}).model_dump(mode="json"))
