"""How an artifact becomes a version of the registered model: keyed by its digest, whole or not at all.

Files, receipts and numbers go into an MLflow run first; the version, with all its tags, is made last and in one
request. So a process that dies on the way leaves no version, whoever repeats the step takes its run over, and of many
that register the same artifact at once one makes the version and the others find it.
"""

import tempfile
from pathlib import Path
from typing import Any

from evaluation.contracts import EvaluationReport
from foundation.digests import folder_digest, text_sha256
from foundation.sealed_file import sealed_text
from foundation.tracking_store import experiment_id, make_registered_model
from model.contracts import RgbArtifact
from orchestration.registry import signing
from orchestration.registry.contracts import RegisteredCandidate
from orchestration.registry.ledger import ledger_of
from orchestration.registry.models import ARTIFACT, DIGEST, RECEIPTS, ModelRegistry

EXAM = "exam_digest"  # tag of a version
FINISHED, RUNNING = "FINISHED", "RUNNING"  # MLflow's words for a run


def register(models: ModelRegistry, artifact: RgbArtifact, report: EvaluationReport) -> RegisteredCandidate:
    """Make the artifact a model version, alias `challenger`. The same artifact twice is the same version.

    Raises:
        ValueError: the report is another artifact's, or the artifact's folder is not what was exported.
    """
    _assert_belong_together(artifact, report)
    receipts = {"artifact": artifact.model_dump(mode="json"), "report": report.model_dump(mode="json")}
    text = sealed_text(receipts)
    tags = {DIGEST: artifact.digest, EXAM: report.exam_digest, RECEIPTS: f"{RECEIPTS}/{text_sha256(text)}.json"}
    name, client = models.config.registered_model, models.client
    with ledger_of(models.config).held(f"registration-{artifact.digest[:12]}"):
        known = models.version_of(artifact.digest)
        if known is None:
            run_id = _upload(models, artifact, report, text)
            make_registered_model(client, name)
            words = _in_words(artifact, report)
            source = f"{client.get_run(run_id).info.artifact_uri}/{ARTIFACT}"
            known = client.create_model_version(name, source, run_id, tags=tags, description=words)
            client.set_terminated(run_id, FINISHED)
        number, run_id = str(known.version), str(known.run_id)
        _keep_receipts(client, run_id, text)  # on the disk before the tag names them
        for tag in (EXAM, RECEIPTS):
            if known.tags.get(tag) != tags[tag]:
                client.set_model_version_tag(name, number, tag, tags[tag])
        models.set_aliases({"challenger": number})
    return RegisteredCandidate(model=name, version=number, artifact=artifact, report=report, mlflow_run_id=run_id)


def _upload(models: ModelRegistry, artifact: RgbArtifact, report: EvaluationReport, receipts: str) -> str:
    """Everything that the version will name, in an MLflow run: one that broke off, or a new one."""
    client, folder = models.client, Path(artifact.folder)
    experiment = experiment_id(client, models.config.uri, models.config.experiment)
    begun = client.search_runs(
        [experiment], f"tags.{DIGEST} = '{artifact.digest}' and attributes.status = '{RUNNING}'", max_results=1
    )
    tags = {DIGEST: artifact.digest}
    run = begun[0] if begun else client.create_run(experiment, run_name=f"release-{artifact.digest[:10]}", tags=tags)
    run_id = str(run.info.run_id)
    for name, metric in report.metrics.items():
        if metric.value is not None:
            client.log_metric(run_id, name, metric.value)
    client.log_artifacts(run_id, str(folder), ARTIFACT)
    for file in (report.report_html, report.contact_sheet):
        if Path(file).is_file():
            client.log_artifact(run_id, file, "report")
    _keep_receipts(client, run_id, receipts)
    _sign(models, run_id, artifact)
    _assert_arrived(client, run_id, artifact)
    return run_id


def _sign(models: ModelRegistry, run_id: str, artifact: RgbArtifact) -> None:
    if models.approval.signing_key is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        signature = Path(folder) / f"{ARTIFACT}{signing.SUFFIX}"
        signing.sign(Path(artifact.folder), signature, models.approval)
        models.client.log_artifact(run_id, str(signature))


def _keep_receipts(client: Any, run_id: str, text: str) -> None:
    client.log_text(run_id, text, f"{RECEIPTS}/{text_sha256(text)}.json")


def _assert_arrived(client: Any, run_id: str, artifact: RgbArtifact) -> None:
    stored = Path(client.download_artifacts(run_id, ARTIFACT))
    if folder_digest(stored) != artifact.digest:
        raise ValueError(
            f"{artifact.folder} did not arrive whole in the registry ({stored}): see to its room, then run again"
        )


def _in_words(artifact: RgbArtifact, report: EvaluationReport) -> str:
    """The version's description."""
    seeds = ", ".join(f"{stage.stage} from seed {stage.seed}" for stage in artifact.training)
    numbers = ", ".join(
        f"{name} {metric.value:.3g} {metric.unit}".rstrip()
        for name, metric in list(report.metrics.items())[:5]
        if metric.value is not None
    )
    return (
        f"RGB stream of {artifact.parameters / 1e6:.1f} M parameters, {seeds}; training set "
        f"{artifact.train_digest[:12] or 'unknown'}; on the {report.exam} exam {numbers or 'nothing was measured'}. "
        f"Loads with `graspline generate --model NUMBER`, without pyfunc."
    )


def _assert_belong_together(artifact: RgbArtifact, report: EvaluationReport) -> None:
    if report.artifact_digest != artifact.digest:
        raise ValueError(
            f"{report.report_html} is about artifact {report.artifact_digest[:12]}, not about {artifact.folder} "
            f"({artifact.digest[:12]}): evaluate this artifact, then register it"
        )
    if folder_digest(Path(artifact.folder)) != artifact.digest:
        raise ValueError(f"{artifact.folder} changed since its export: remove its run folder and run again")
