"""The model registry: versions, their files and numbers, aliases. Who is champion is decided in the ledger, not here.

With train runs (model.training.run_tracking) the only owner of MLflow, which foundation.tracking_store opens.

A version's receipts are kept sealed in a file that is named by its digest, and the version's tag names the file: so
receipts and artifact belong together. How a version comes about is in `registration`.
"""

import tempfile
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from evaluation.contracts import EvaluationReport
from foundation.digests import file_sha256, folder_digest
from foundation.sealed_file import read_sealed
from foundation.state_file import read_state
from foundation.tracking_store import is_there, open_store
from model.contracts import RgbArtifact, TrackingConfig
from orchestration.configuration.approval import OPEN, ApprovalConfig
from orchestration.registry import signing

ARTIFACT = "rgb_artifact"  # folder among the artifacts of the version's MLflow run
DIGEST, RECEIPTS = "artifact_digest", "receipts"  # tags of a version
HEAD = "ledger_head"  # tag of the registered model: the ledger's newest entry, so that a cut-off tail is found
AGAIN = "run again with the configuration that made it (`graspline run ...`), which registers its receipts anew"


class ModelRegistry:
    """The versions of one registered model on one tracking server. Nothing is written before it is asked for."""

    def __init__(self, config: TrackingConfig, approval: ApprovalConfig = OPEN) -> None:
        self.config, self.approval = config, approval

    @cached_property
    def client(self) -> Any:
        """MLflow's; a database that is not there yet is made."""
        return open_store(self.config.uri)

    def is_registered(self, artifact: RgbArtifact) -> bool:
        """Whether this very artifact is a version already."""
        return self.version_of(artifact.digest) is not None

    def version_of(self, digest: str) -> Any:
        """MLflow's version of the artifact with this digest; None where there is none."""
        return next((known for known in self._versions() if known.tags.get(DIGEST) == digest), None)

    def versions(self) -> list[str]:
        """Every registered version, the first one first."""
        return sorted((str(version.version) for version in self._versions()), key=int)

    def version_named(self, name: str) -> str:
        """The version that a number, or an alias other than the champion's, stands for.

        Raises:
            ValueError: there is none; names those there are.
        """
        versions = self.versions()
        if name in versions:
            return name
        if versions and (version := self.aliases().get(name)):
            return version
        raise ValueError(self.lacks(name))

    def lacks(self, name: str) -> str:
        """That there is no version of this name, and which there are."""
        versions = self.versions()
        known = f"versions {', '.join(versions)}" if versions else "no version yet: `graspline run`"
        return f"the registry has no {name}: {known}"

    def release(self, version: str) -> tuple[RgbArtifact, EvaluationReport]:
        """A version's own receipts, as they were registered; the artifact's folder is the registered one.

        Raises:
            ValueError: they were changed since, or are not this version's.
        """
        known = self._get(version)
        name = self.receipts_of(version)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(self.client.download_artifacts(str(known.run_id), name, folder))
            if file_sha256(file) != Path(name).stem:
                raise ValueError(f"{name} of version {version} was changed after it was written: {AGAIN}")
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
            raise ValueError(f"{name} of version {version} is about another artifact: {AGAIN}")
        return artifact.model_copy(update={"folder": str(self.folder(version))}), report

    def folder(self, version: str) -> Path:
        """The registered artifact's files on this machine, relative to the working folder where they lie in it."""
        from mlflow.artifacts import download_artifacts

        source = str(self._get(version).source)
        folder = Path(download_artifacts(artifact_uri=source, tracking_uri=self.config.uri))
        return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder

    def digest(self, version: str) -> str:
        """The digest of the artifact, as it was registered."""
        return self._tag(version, DIGEST)

    def receipts_of(self, version: str) -> str:
        """The name of the file with its receipts, which holds their digest."""
        return self._tag(version, RECEIPTS)

    def assert_intact(self, version: str, digest: str | None = None) -> Path:
        """Hold the registered files against the digest they were registered with, and were decided on with.

        Args:
            version: which one.
            digest: what the ledger says; None: nobody decided on it yet.

        Returns:
            Their folder.

        Raises:
            ValueError: a byte changed, with or without the artifact's own manifest, which names the file; or the
                signature that is asked for is missing or another key's.
        """
        registered = self.digest(version)
        if digest not in (None, registered):
            raise ValueError(
                f"version {version} is not the model that was decided on (artifact {registered[:12]}, in the ledger "
                f"{str(digest)[:12]}): its tag {DIGEST} was changed, restore a backup"
            )
        folder = self.folder(version)
        if not folder.is_dir() or folder_digest(folder) != registered:
            what = _changed_file(folder)
            raise ValueError(f"version {version} is not what was exported: {what} changed since it was registered")
        if self.approval.verifying_key is not None:
            signing.verify(folder, self._signature(version), self.approval)
        return folder

    def aliases(self) -> dict[str, str]:
        """alias -> version; none where there is no such model."""
        known = self._registered()
        return {alias: str(version) for alias, version in known.aliases.items()} if known else {}

    def set_aliases(self, versions: Mapping[str, str | None]) -> None:
        """Point each alias at its version, or remove it where there is none; what is right is left alone."""
        name, now = self.config.registered_model, self.aliases()
        for alias, version in versions.items():
            if version is not None and now.get(alias) != version:
                self.client.set_registered_model_alias(name, alias, version)
            elif version is None and alias in now:
                self.client.delete_registered_model_alias(name, alias)

    def head(self) -> str | None:
        """What the registry remembers of the ledger's newest entry: "<sequence> <hash>"."""
        known = self._registered()
        return known.tags.get(HEAD) if known else None

    def set_head(self, head: str) -> None:
        """Remember the ledger's newest entry."""
        if self.head() != head:
            self.client.set_registered_model_tag(self.config.registered_model, HEAD, head)

    def _signature(self, version: str) -> Path:
        """The signature's file on this machine; one that is not there where the version was never signed."""
        from mlflow.artifacts import download_artifacts
        from mlflow.exceptions import MlflowException

        source = f"{self._get(version).source}{signing.SUFFIX}"
        try:
            return Path(download_artifacts(artifact_uri=source, tracking_uri=self.config.uri))
        except MlflowException:
            return Path(f"{self.folder(version)}{signing.SUFFIX}")

    def _registered(self) -> Any:
        from mlflow.exceptions import MlflowException

        if not is_there(self.config.uri):
            return None
        try:
            return self.client.get_registered_model(self.config.registered_model)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return None

    def _get(self, version: str) -> Any:
        return self.client.get_model_version(self.config.registered_model, version)

    def _tag(self, version: str, tag: str) -> str:
        tags = self._get(version).tags
        if tag not in tags:
            raise ValueError(
                f"version {version} has no tag {tag}, so it was not registered by this version of Graspline: {AGAIN}"
            )
        return tags[tag]

    def _versions(self) -> list[Any]:
        if not is_there(self.config.uri):
            return []
        found, page = list[Any](), None
        while page != "":
            some = self.client.search_model_versions(f"name = '{self.config.registered_model}'", page_token=page)
            found += some
            page = some.token or ""
        return found


def _changed_file(folder: Path) -> str:
    """The first file of an artifact that is not as its own manifest says; the folder where all are."""
    try:
        files = read_state(folder / "manifest.json", dict[str, Any], "")["files"]
    except (ValueError, KeyError):
        return f"{folder / 'manifest.json'} or a file beside it"
    wrong = (name for name, digest in files.items() if _sha256(folder / name) != digest)
    unknown = (file.name for file in sorted(folder.iterdir()) if file.name not in {*files, "manifest.json"})
    return str(folder / next(wrong, next(unknown, "manifest.json")))


def _sha256(file: Path) -> str | None:
    return file_sha256(file) if file.is_file() else None
