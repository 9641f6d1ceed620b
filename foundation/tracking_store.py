"""The door to MLflow: a client of one tracking server or database, and its experiment.

Several processes may open a fresh database at once. MLflow makes its tables without a lock, and all but one process
then crash; so here one of them does it while the others wait. MLflow is imported when it is needed: that takes 4 s.
"""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

DOES_NOT_DECIDE = "only writes down what happened"
SQLITE = "sqlite:///"
TAKEN = "RESOURCE_ALREADY_EXISTS"  # MLflow's word where another process was quicker


def open_store(uri: str) -> Any:
    """An MlflowClient for runs and models at `uri`; a database that is not there yet is made."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    from mlflow import MlflowClient

    from foundation.project_artifacts import name_to_mlflow

    name_to_mlflow()
    with _first_of_all(uri):
        whole = _whole(uri)
        client = MlflowClient(tracking_uri=whole, registry_uri=whole)
        client.search_experiments(max_results=1)  # this, not the constructor, makes the tables
        client.search_registered_models(max_results=1)
    return client


def is_there(uri: str) -> bool:
    """Whether there is a store to read; a SQLite file that is missing would be made by opening it."""
    file = sqlite_file(uri)
    return file is None or file.exists()


def experiment_id(client: Any, uri: str, name: str) -> str:
    """The experiment of that name, made where there is none.

    Raises:
        ValueError: it was deleted in MLflow.
    """
    from mlflow.exceptions import MlflowException

    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        try:
            return client.create_experiment(name, artifact_location=_artifacts_beside(uri))
        except MlflowException as error:
            if error.error_code != TAKEN:
                raise
            experiment = client.get_experiment_by_name(name)
    if experiment.lifecycle_stage == "deleted":
        raise ValueError(
            f"experiment {name} was deleted in MLflow: restore it there, or say tracking.experiment=ANOTHER_NAME"
        )
    return experiment.experiment_id


def make_registered_model(client: Any, name: str) -> None:
    """See to it that there is a registered model of that name."""
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != TAKEN:
            raise


def _artifacts_beside(uri: str) -> str | None:
    """A folder beside the database; None: a server has a place of its own."""
    from foundation.project_artifacts import project_address

    database = sqlite_file(uri)
    return None if database is None else project_address(database.parent / "mlflow_artifacts")


@contextmanager
def _first_of_all(uri: str) -> Generator[None]:
    database = sqlite_file(uri)
    if database is None:
        yield
        return
    database.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(database.with_name(f".{database.name}.lock")):
        yield


def _whole(uri: str) -> str:
    """The address with a whole path: MLflow keeps connections by address, also when the working folder is another."""
    file = sqlite_file(uri)
    return uri if file is None else uri.replace(str(file), str(file.absolute()), 1)


def sqlite_file(uri: str) -> Path | None:
    """The file of a SQLite database; None: the address is another kind of database, or a server."""
    return Path(uri.removeprefix(SQLITE).partition("?")[0]) if uri.startswith(SQLITE) else None
