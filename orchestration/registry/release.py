"""Register, promote, roll back: with train runs (model.training.run_tracking) the only owner of MLflow.

MLflow keeps versions, metrics and the three aliases; the ledger says who is champion. Registering is idempotent by the
artifact's digest, promoting is a compare-and-swap on the ledger followed by the aliases, so both are safe to repeat:
`follow_ledger` sets the aliases anew from the ledger whenever a process died between the two.
"""

import getpass
import json
import tempfile
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from evaluation.contracts import Decision, EvaluationReport
from foundation.digests import folder_digest
from model.contracts import RgbArtifact, TrackingConfig
from orchestration.registry.ledger import GENESIS, Action, Entry, Ledger

LEDGERS = Path("registry/ledgers")
ALIASES = ("champion", "challenger", "previous_champion")


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
    says: str


def ledger_of(config: TrackingConfig) -> Path:
    """Each registered model has a champion, and so a ledger, of its own."""
    return LEDGERS / f"{config.registered_model}.jsonl"


class Registry:
    """The model registry of one tracking server."""

    def __init__(self, config: TrackingConfig) -> None:
        from mlflow import MlflowClient

        if config.uri.startswith("sqlite:///"):
            Path(config.uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        self.config = config
        self.client = MlflowClient(tracking_uri=config.uri, registry_uri=config.uri)
        self.ledger = Ledger(ledger_of(config))

    def register(self, artifact: RgbArtifact, report: EvaluationReport) -> RegisteredCandidate:
        """Make the artifact a model version, alias `challenger`. The same artifact twice is the same version."""
        name = self.config.registered_model
        found = self._version_of(artifact.digest)
        if found is None:
            run_id = self._log_release(artifact, report)
            source = f"{self.client.get_run(run_id).info.artifact_uri}/rgb_artifact"
            if not self.client.search_registered_models(f"name = '{name}'"):
                self.client.create_registered_model(name)
            tags = {"artifact_digest": artifact.digest, "exam_digest": report.exam_digest}
            found = self.client.create_model_version(name, source, run_id, tags=tags)
        run_id = str(found.run_id)
        self._keep(run_id, artifact, report)
        self.client.set_registered_model_alias(name, "challenger", str(found.version))
        return RegisteredCandidate(
            model=name, version=str(found.version), artifact=artifact, report=report, mlflow_run_id=run_id
        )

    def knows(self, artifact: RgbArtifact) -> bool:
        """Whether this very artifact is registered already."""
        return self._version_of(artifact.digest) is not None

    def is_settled(self, candidate: RegisteredCandidate, decision: Decision) -> bool:
        """Whether the ledger's newest line says all this decision says: it reigns, or is refused once more."""
        entries = self.ledger.entries()
        if not entries:
            return False
        reigns = entries[-1].champion == candidate.artifact.digest
        refused = entries[-1].action == "refuse" and entries[-1].candidate == candidate.artifact.digest
        return reigns or (refused and not decision.passed)

    def reigning(self, changed: bool, says: str) -> Champion:
        """Who is champion now."""
        now = self.ledger.champion()
        if now is None:
            return Champion(version=None, artifact_digest=None, folder=None, changed=False, says=says)
        version = str(now.champion_version)
        folder = str(self.folder(version))
        return Champion(version=version, artifact_digest=now.champion, folder=folder, changed=changed, says=says)

    def champion_release(self) -> tuple[RgbArtifact, EvaluationReport] | None:
        """The champion's own receipts, as they were registered; None where nobody was promoted yet."""
        champion = self.ledger.champion()
        return None if champion is None else self.release(str(champion.champion_version))

    def release(self, name: str) -> tuple[RgbArtifact, EvaluationReport]:
        """A version's own receipts, as they were registered; the artifact's folder is the registered one."""
        version = self.client.get_model_version(self.config.registered_model, name)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(self.client.download_artifacts(str(version.run_id), "receipts.json", folder))
            kept = json.loads(file.read_text())
        artifact = RgbArtifact.model_validate(kept["artifact"])
        registered = artifact.model_copy(update={"folder": str(self.folder(str(version.version)))})
        return registered, EvaluationReport.model_validate(kept["report"])

    def folder(self, version: str) -> Path:
        """The registered artifact's files on this machine."""
        from mlflow.artifacts import download_artifacts

        found = self.client.get_model_version(self.config.registered_model, version)
        return Path(download_artifacts(artifact_uri=str(found.source), tracking_uri=self.config.uri))

    def assert_intact(self, version: str) -> None:
        """Hold the registered files against the digest they were registered with.

        Raises:
            ValueError: a byte changed, with or without the artifact's own manifest.
        """
        registered = self.client.get_model_version(self.config.registered_model, version).tags["artifact_digest"]
        folder = self.folder(version)
        if folder_digest(folder) != registered:
            raise ValueError(f"version {version} is not what was exported: {folder} changed since it was registered")

    def settle(self, candidate: RegisteredCandidate, decision: Decision, reason: str) -> Entry:
        """Write what the gate decided into the ledger.

        Raises:
            ValueError: the champion is no longer the one the gate compared with.
        """
        now = self.ledger.champion()
        there = (candidate.artifact.digest, candidate.version)
        reigning = (str(now.champion), str(now.champion_version)) if now else None
        entry = (
            _entry("promote", there, there, reason) if decision.passed else _entry("refuse", there, reigning, reason)
        )
        return self._write(entry, decision.champion_digest)

    def aliases(self) -> dict[str, str]:
        """alias -> version."""
        aliases = self.client.get_registered_model(self.config.registered_model).aliases
        return {alias: str(version) for alias, version in aliases.items()}

    def version_named(self, name: str) -> str:
        """The version that an alias or a number stands for.

        Raises:
            ValueError: there is none; says which there are.
        """
        versions = {str(found.version) for found in self._versions()}
        if name in versions:
            return name
        if name in ALIASES and versions:
            aliases = self.aliases()
            if name in aliases:
                return str(aliases[name])
        there = f"versions {', '.join(sorted(versions, key=int))}" if versions else "no version yet: `graspline run`"
        raise ValueError(f"the registry has no {name}: {there}")

    def promote(self, version: str, reason: str) -> Entry:
        """Make a version champion by hand.

        Raises:
            ValueError: it reigns already.
        """
        now = self.ledger.champion()
        digest = self.client.get_model_version(self.config.registered_model, version).tags["artifact_digest"]
        if now is not None and now.champion == digest:
            raise ValueError(f"version {version} is champion already")
        return self._write(_entry("promote", (digest, version), (digest, version), reason), now and now.champion)

    def version_to_restore(self) -> str:
        """The version a rollback would bring back.

        Raises:
            ValueError: there is nobody to go back to.
        """
        before, now = self.ledger.previous_champion(), self.ledger.champion()
        if before is None:
            reigning = f"version {now.champion_version} is the first champion" if now else "nobody was promoted yet"
            raise ValueError(f"nothing to go back to: {reigning}")
        return before[1]

    def rollback(self, reason: str) -> Entry:
        """Make the champion before this one champion again."""
        self.version_to_restore()
        before, now = self.ledger.previous_champion(), self.ledger.champion()
        assert before is not None
        return self._write(_entry("rollback", before, before, reason), now and now.champion)

    def _write(self, entry: Entry, expected_champion: str | None) -> Entry:
        """One ledger line, compare-and-swap on the champion; then the aliases follow."""
        written = self.ledger.append(entry, expected_champion)
        self.follow_ledger()
        return written

    def follow_ledger(self) -> None:
        """Set the aliases `champion` and `previous_champion` to what the ledger says."""
        name, now, before = self.config.registered_model, self.ledger.champion(), self.ledger.previous_champion()
        said = {"champion": now and now.champion_version, "previous_champion": before and before[1]}
        for alias, version in said.items():
            if version is not None:
                self.client.set_registered_model_alias(name, alias, version)
            elif self._versions():
                self.client.delete_registered_model_alias(name, alias)

    def versions(self) -> list[str]:
        """Every registered version, the first one first."""
        return sorted((str(found.version) for found in self._versions()), key=int)

    def _versions(self) -> list[Any]:
        return list(self.client.search_model_versions(f"name = '{self.config.registered_model}'"))

    def _version_of(self, digest: str) -> Any:
        return next((found for found in self._versions() if found.tags.get("artifact_digest") == digest), None)

    def _log_release(self, artifact: RgbArtifact, report: EvaluationReport) -> str:
        experiment = self.client.get_experiment_by_name(self.config.experiment)
        location = Path("registry/artifacts").resolve().as_uri()
        experiment_id = (
            experiment.experiment_id
            if experiment
            else self.client.create_experiment(self.config.experiment, artifact_location=location)
        )
        run = self.client.create_run(experiment_id, run_name=f"release-{artifact.digest[:10]}")
        for name, metric in report.metrics.items():
            if metric.value is not None:
                self.client.log_metric(run.info.run_id, name, metric.value)
        self.client.log_artifacts(run.info.run_id, artifact.folder, "rgb_artifact")
        self.client.set_terminated(run.info.run_id)
        return run.info.run_id

    def _keep(self, run_id: str, artifact: RgbArtifact, report: EvaluationReport) -> None:
        kept = {"artifact": artifact.model_dump(mode="json"), "report": report.model_dump(mode="json")}
        self.client.log_dict(run_id, kept, "receipts.json")


def _entry(action: Action, candidate: tuple[str, str], champion: tuple[str, str] | None, reason: str) -> Entry:
    """A ledger line by this user, before the ledger gives it its place in the chain."""
    return Entry(
        sequence=0,
        time="",
        actor=getpass.getuser(),
        action=action,
        candidate=candidate[0],
        version=candidate[1],
        champion=champion[0] if champion else None,
        champion_version=champion[1] if champion else None,
        reason=reason,
        previous_hash=GENESIS,
    )
