"""The only owner of MLflow in `model`: parameters, metrics, pictures and tags of a training run.

MLflow is written to, never read: nothing the loop does depends on it. Rank 0 alone makes a `RunTracking`; MLflow is
imported there (4 s), and its telemetry is off. A resumed stage continues the same MLflow run, whose id is kept in the
run folder.
"""

import os
from pathlib import Path
from typing import Any, Literal

from model.contracts import TrackingConfig

DOES_NOT_DECIDE = "only writes down what happened"


class RunTracking:
    """One MLflow run for one run folder."""

    def __init__(self, config: TrackingConfig, run_folder: Path, name: str) -> None:
        os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
        os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
        from mlflow.tracking import MlflowClient

        if config.uri.startswith("sqlite:///"):
            Path(config.uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        self._client = MlflowClient(tracking_uri=config.uri)
        self.run_id = self._continued_or_new(config, run_folder / "mlflow_run_id.txt", name)

    def _continued_or_new(self, config: TrackingConfig, note: Path, name: str) -> str:
        if note.exists():
            run_id = note.read_text(encoding="utf-8").strip()
            self._client.update_run(run_id, status="RUNNING")
            return run_id
        experiment = self._client.get_experiment_by_name(config.experiment)
        experiment_id = experiment.experiment_id if experiment else self._create_experiment(config)
        run_id: str = self._client.create_run(experiment_id, run_name=name).info.run_id
        note.write_text(run_id, encoding="utf-8")
        return run_id

    def _create_experiment(self, config: TrackingConfig) -> str:
        folder = None
        if config.uri.startswith("sqlite:///"):
            folder = (Path(config.uri.removeprefix("sqlite:///")).parent / "mlflow_artifacts").resolve().as_uri()
        return self._client.create_experiment(config.experiment, artifact_location=folder)

    def describe(self, parameters: dict[str, Any], tags: dict[str, str]) -> None:
        """Write parameters (nested ones get dotted names) and tags; writing the same again is fine."""
        for key, value in _flat(parameters).items():
            self._client.log_param(self.run_id, key, str(value)[:500])
        for key, value in tags.items():
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
