"""MLflow's files under addresses that are relative to the project: project:/registry/mlflow_artifacts/...

MLflow writes whole paths into its database, so a project that was moved or restored elsewhere would look for its
models, and write new ones, where it was before. A repository of this scheme lies in the working folder, which is the
project's root in every process of ours (foundation.home). pyproject.toml names it to MLflow's own server.
"""

from pathlib import Path
from urllib.parse import quote, unquote

from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

DOES_NOT_DECIDE = "only where results are written down"
SCHEME = "project:/"


class ProjectArtifactRepository(LocalArtifactRepository):
    """A folder below the working folder."""

    def __init__(self, artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None) -> None:
        folder = Path(unquote(artifact_uri.removeprefix(SCHEME).lstrip("/")))
        if ".." in folder.parts:
            raise ValueError(f"{artifact_uri} leads out of the project: it was not written by Graspline")
        super().__init__(folder.absolute().as_uri(), tracking_uri, registry_uri)
        self._folder = folder

    @property
    def artifact_dir(self) -> str:
        """Where it lies now: MLflow keeps repositories, and a program may work in one project after another."""
        return str(self._folder.absolute())


def project_address(folder: Path) -> str:
    """The address of a folder: relative where it lies below the working folder, else a whole file:// one."""
    whole = folder.resolve()
    inside = whole.is_relative_to(Path.cwd().resolve())
    return SCHEME + quote(whole.relative_to(Path.cwd().resolve()).as_posix()) if inside else whole.as_uri()


def name_to_mlflow() -> None:
    """Let this process's MLflow know the scheme, whether or not the project was installed with it."""
    from mlflow.store.artifact import artifact_repository_registry as known

    registry = known._artifact_repository_registry  # pyright: ignore[reportPrivateUsage]  (MLflow has no public way)
    registry.register("project", ProjectArtifactRepository)
