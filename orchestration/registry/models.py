"""The model registry: versions, their files and numbers, aliases. Who is champion is decided in the ledger, not here.

With train runs (model.training.run_tracking) the only owner of MLflow, which foundation.tracking_store opens.

Registering is idempotent by the artifact's digest, so it is safe to repeat. A version's receipts are kept sealed in
`receipts.json`, and belong to it by the digests in its tags.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from evaluation.contracts import EvaluationReport
from foundation.digests import folder_digest
from foundation.sealed_file import read_sealed, sealed_text
from foundation.tracking_store import experiment_id, make_registered_model, open_store
from model.contracts import RgbArtifact, TrackingConfig
from orchestration.registry.contracts import RegisteredCandidate

RECEIPTS = "receipts.json"  # among the artifacts of the version's MLflow run
AGAIN = "run again with the configuration that made it (`graspline run ...`), which registers its receipts anew"


class ModelRegistry:
    """The versions of one registered model on one tracking server."""

    def __init__(self, config: TrackingConfig) -> None:
        self.config = config
        self.client = open_store(config.uri)

    def register(self, artifact: RgbArtifact, report: EvaluationReport) -> RegisteredCandidate:
        """Make the artifact a model version, alias `challenger`. The same artifact twice is the same version.

        Raises:
            ValueError: the report is another artifact's, or the artifact's folder is not what was exported.
        """
        _assert_belong_together(artifact, report)
        name = self.config.registered_model
        version = self._version_of(artifact.digest)
        if version is None:
            run_id = self._log_release(artifact, report)
            source = f"{self.client.get_run(run_id).info.artifact_uri}/rgb_artifact"
            make_registered_model(self.client, name)
            version = self.client.create_model_version(name, source, run_id, tags={"artifact_digest": artifact.digest})
        run_id, number = str(version.run_id), str(version.version)
        receipts = {"artifact": artifact.model_dump(mode="json"), "report": report.model_dump(mode="json")}
        self.client.log_text(run_id, sealed_text(receipts), RECEIPTS)
        self.client.set_model_version_tag(name, number, "exam_digest", report.exam_digest)
        self.client.set_registered_model_alias(name, "challenger", number)
        return RegisteredCandidate(model=name, version=number, artifact=artifact, report=report, mlflow_run_id=run_id)

    def is_registered(self, artifact: RgbArtifact) -> bool:
        """Whether this very artifact is a version already."""
        return self._version_of(artifact.digest) is not None

    def versions(self) -> list[str]:
        """Every registered version, the first one first."""
        return sorted((str(version.version) for version in self._versions()), key=int)

    def version_named(self, name: str) -> str:
        """The version that an alias or a number stands for.

        Raises:
            ValueError: there is none; names those there are.
        """
        versions = self.versions()
        if name in versions:
            return name
        if versions and (version := self.aliases().get(name)):
            return version
        known = f"versions {', '.join(versions)}" if versions else "no version yet: `graspline run`"
        raise ValueError(f"the registry has no {name}: {known}")

    def release(self, version: str) -> tuple[RgbArtifact, EvaluationReport]:
        """A version's own receipts, as they were registered; the artifact's folder is the registered one.

        Raises:
            ValueError: they were changed since, or are not this version's.
        """
        run_id = str(self._get(version).run_id)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(self.client.download_artifacts(run_id, RECEIPTS, folder))
            receipts = read_sealed(file, f"of version {version}: {AGAIN}")
        try:
            artifact = RgbArtifact.model_validate(receipts["artifact"])
        except ValidationError as error:
            raise ValueError(
                f"version {version} was registered by another version of Graspline ({error.errors()[0]['msg']}): "
                "register new models under another name, tracking.registered_model=NAME"
            ) from error
        report = EvaluationReport.model_validate(receipts["report"])
        if {artifact.digest, report.artifact_digest} != {self.digest(version)}:
            raise ValueError(f"{RECEIPTS} of version {version} is about another artifact: {AGAIN}")
        return artifact.model_copy(update={"folder": str(self.folder(version))}), report

    def folder(self, version: str) -> Path:
        """The registered artifact's files on this machine."""
        from mlflow.artifacts import download_artifacts

        source = str(self._get(version).source)
        return Path(download_artifacts(artifact_uri=source, tracking_uri=self.config.uri))

    def digest(self, version: str) -> str:
        """The digest of the artifact, as it was registered."""
        return self._get(version).tags["artifact_digest"]

    def assert_intact(self, version: str) -> None:
        """Hold the registered files against the digest they were registered with.

        Raises:
            ValueError: a byte changed, with or without the artifact's own manifest.
        """
        folder = self.folder(version)
        if folder_digest(folder) != self.digest(version):
            raise ValueError(f"version {version} is not what was exported: {folder} changed since it was registered")

    def aliases(self) -> dict[str, str]:
        """alias -> version."""
        aliases = self.client.get_registered_model(self.config.registered_model).aliases
        return {alias: str(version) for alias, version in aliases.items()}

    def set_aliases(self, versions: Mapping[str, str | None]) -> None:
        """Point each alias at its version, or remove it where there is none."""
        name, any_version = self.config.registered_model, bool(self._versions())
        for alias, version in versions.items():
            if version is not None:
                self.client.set_registered_model_alias(name, alias, version)
            elif any_version:
                self.client.delete_registered_model_alias(name, alias)

    def _get(self, version: str) -> Any:
        return self.client.get_model_version(self.config.registered_model, version)

    def _versions(self) -> list[Any]:
        return list(self.client.search_model_versions(f"name = '{self.config.registered_model}'"))

    def _version_of(self, digest: str) -> Any:
        return next((known for known in self._versions() if known.tags.get("artifact_digest") == digest), None)

    def _log_release(self, artifact: RgbArtifact, report: EvaluationReport) -> str:
        experiment = experiment_id(self.client, self.config.uri, self.config.experiment)
        run = self.client.create_run(experiment, run_name=f"release-{artifact.digest[:10]}")
        for name, metric in report.metrics.items():
            if metric.value is not None:
                self.client.log_metric(run.info.run_id, name, metric.value)
        self.client.log_artifacts(run.info.run_id, artifact.folder, "rgb_artifact")
        self.client.set_terminated(run.info.run_id)
        return run.info.run_id


def _assert_belong_together(artifact: RgbArtifact, report: EvaluationReport) -> None:
    if report.artifact_digest != artifact.digest:
        raise ValueError(
            f"{report.report_html} is about artifact {report.artifact_digest[:12]}, not about {artifact.folder} "
            f"({artifact.digest[:12]}): evaluate this artifact, then register it"
        )
    if folder_digest(Path(artifact.folder)) != artifact.digest:
        raise ValueError(f"{artifact.folder} changed since its export: remove its run folder and run again")
