"""One door to MLflow: a fresh database is made by one process, and everybody gets the same experiment."""

import subprocess
import sys
from pathlib import Path

import pytest

from foundation.child_process import child_environment
from foundation.tracking_store import experiment_id, make_registered_model, open_store

TOGETHER = """
from foundation.tracking_store import experiment_id, make_registered_model, open_store
client = open_store("sqlite:///registry/mlflow.db")
make_registered_model(client, "rgb")
print(experiment_id(client, "sqlite:///registry/mlflow.db", "graspline"))
"""


def test_several_processes_may_open_a_fresh_database_at_once(tmp_path: Path) -> None:
    root = str(Path(__file__).parents[2])
    children = [
        subprocess.Popen(
            [sys.executable, "-c", TOGETHER],
            cwd=tmp_path,
            env=child_environment(PYTHONPATH=root),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    ended = [(*child.communicate(), child.returncode) for child in children]
    assert [code for _, _, code in ended] == [0, 0, 0, 0], ended
    assert len({output for output, _, _ in ended}) == 1


def test_an_experiment_that_was_deleted_is_named(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    client = open_store(uri)
    made = experiment_id(client, uri, "graspline")
    assert experiment_id(client, uri, "graspline") == made
    assert client.get_experiment(made).artifact_location == (tmp_path / "mlflow_artifacts").as_uri()
    make_registered_model(client, "rgb")
    make_registered_model(client, "rgb")
    client.delete_experiment(made)
    with pytest.raises(ValueError, match="graspline was deleted in MLflow: restore it there"):
        experiment_id(client, uri, "graspline")
