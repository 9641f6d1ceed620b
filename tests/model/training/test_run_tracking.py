"""A resumed stage goes on in its MLflow run; a note that names none, or another's, never ends the resume."""

from pathlib import Path

import pytest

from foundation.tracking_store import open_store
from model.contracts import TrackingConfig
from model.training.run_tracking import RunTracking


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> TrackingConfig:
    return TrackingConfig(
        uri=f"sqlite:///{tmp_path_factory.mktemp('tracking')}/mlflow.db", experiment="test", registered_model="rgb"
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "stage_one-1"
    folder.mkdir()
    return folder


def test_a_resumed_stage_goes_on_in_its_run(config: TrackingConfig, folder: Path) -> None:
    first = RunTracking(config, folder, folder.name)
    first.end("KILLED")
    again = RunTracking(config, folder, folder.name)
    assert (first.is_new, again.is_new) == (True, False)
    assert again.run_id == first.run_id
    assert open_store(config.uri).get_run(again.run_id).info.status == "RUNNING"


@pytest.mark.parametrize(
    "note", [b"", b"\n", b"nonsense", b"../../x", b"0" * 32, b"\xff\xfe", b"a/b", "ä\u2028".encode()]
)
def test_a_note_that_names_no_run_begins_a_new_one(
    config: TrackingConfig, folder: Path, capsys: pytest.CaptureFixture[str], note: bytes
) -> None:
    first = RunTracking(config, folder, folder.name)
    (folder / "mlflow_run_id.txt").write_bytes(note)
    again = RunTracking(config, folder, folder.name)
    assert again.is_new
    assert again.run_id != first.run_id
    assert (folder / "mlflow_run_id.txt").read_text() == again.run_id
    assert "names no run that MLflow knows: a new MLflow run is begun for stage_one-1" in capsys.readouterr().out


def test_another_folders_run_is_not_written_into(
    config: TrackingConfig, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    foreign = tmp_path / "stage_two-9"
    foreign.mkdir()
    other = RunTracking(config, foreign, foreign.name)
    (folder / "mlflow_run_id.txt").write_text(other.run_id)
    assert RunTracking(config, folder, folder.name).run_id != other.run_id
    assert "names the run of stage_two-9" in capsys.readouterr().out


def test_a_deleted_run_is_not_written_into(config: TrackingConfig, folder: Path) -> None:
    first = RunTracking(config, folder, folder.name)
    open_store(config.uri).delete_run(first.run_id)
    assert RunTracking(config, folder, folder.name).run_id != first.run_id


def test_a_resumed_run_may_spread_its_work_in_another_way(config: TrackingConfig, folder: Path) -> None:
    tracking = RunTracking(config, folder, folder.name)
    for processes in (1, 2):
        tracking.describe({"deepspeed": {"processes": processes, "zero_stage": 2}}, {})
    run = open_store(config.uri).get_run(tracking.run_id)
    assert run.data.params == {"deepspeed.processes": "1", "deepspeed.zero_stage": "2"}
    assert run.data.tags["resumed_with.deepspeed.processes"] == "2"
