"""The only owner of MLflow in `model`: parameters, metrics, pictures and tags of a training run.

Nothing the loop does depends on MLflow. Rank 0 alone makes a `RunTracking`. A resumed stage continues the same MLflow
run, whose id is kept in the run folder; MLflow is asked whether it knows that run and whether it is this folder's.
Where it is not, a new one is begun, with a line that says why: a lost note never ends a resume.
"""

from pathlib import Path
from typing import Any, Literal

from foundation.run_tags import run_tags
from foundation.tracking_store import experiment_id, open_store
from foundation.whole_file import write_whole
from model.contracts import TrackingConfig

DOES_NOT_DECIDE = "only writes down what happened"
UNKNOWN = {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}  # MLflow's words for an id it has no run of


class RunTracking:
    """One MLflow run for one run folder."""

    def __init__(self, config: TrackingConfig, run_folder: Path, name: str) -> None:
        self._client = open_store(config.uri)
        note = run_folder / "mlflow_run_id.txt"
        known = self._noted(note, name)
        self.is_new = known is None
        self.run_id: str = self._begun(config, name) if known is None else known
        if self.is_new:
            write_whole(note, self.run_id)

    def _noted(self, note: Path, name: str) -> str | None:
        """The run that the folder's note names, open again; None where there is none, or not this folder's."""
        from mlflow.exceptions import MlflowException

        if not note.exists():
            return None
        run_id = note.read_bytes().decode("utf-8", errors="replace").strip()
        try:
            run = self._client.get_run(run_id) if run_id else None
        except MlflowException as error:
            if error.error_code not in UNKNOWN:
                raise
            run = None
        if run is not None and run.info.run_name == name and run.info.lifecycle_stage == "active":
            self._client.update_run(run_id, status="RUNNING")
            return run_id
        whose = f"the run of {run.info.run_name}, {run.info.lifecycle_stage}" if run else "no run that MLflow knows"
        print(f"{note} names {whose}: a new MLflow run is begun for {name}", flush=True)
        return None

    def _begun(self, config: TrackingConfig, name: str) -> str:
        experiment = experiment_id(self._client, config.uri, config.experiment)
        return self._client.create_run(experiment, run_name=name).info.run_id

    def describe(self, parameters: dict[str, Any], tags: dict[str, str]) -> None:
        """Write parameters (nested ones get dotted names) and tags, the launcher's among them; writing again is fine.

        MLflow keeps a parameter's first value. Another one, as of how a resumed run spreads its work, becomes a tag.
        """
        known = self._client.get_run(self.run_id).data.params
        for key, value in _flat(parameters).items():
            text = str(value)[:500]
            if key not in known:
                self._client.log_param(self.run_id, key, text)
            elif known[key] != text:
                self._client.set_tag(self.run_id, f"resumed_with.{key}", text)
        for key, value in (tags | run_tags()).items():
            self._client.set_tag(self.run_id, key, value)

    def metrics(self, step: int, values: dict[str, float]) -> None:
        """Write the values of one step in one request."""
        import time

        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        self._client.log_batch(self.run_id, metrics=[Metric(k, v, now, step) for k, v in values.items()])

    def artifact(self, file: Path) -> None:
        """Attach a file (loss curve, configuration) to the run."""
        self._client.log_artifact(self.run_id, str(file))

    def end(self, status: Literal["FINISHED", "FAILED", "KILLED"]) -> None:
        """Close the MLflow run; a resumed stage opens it again."""
        self._client.set_terminated(self.run_id, status)


def _flat(parameters: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in parameters.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
