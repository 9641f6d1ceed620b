"""What a stage reports while it runs and leaves when it ends: progress lines, MLflow, loss curve, weights, receipt."""

import json
import time
from pathlib import Path

import torch
from torch import Tensor

from foundation.fingerprint import fingerprint
from foundation.progress import report_progress
from foundation.whole_file import write_whole
from model.contracts import TrainedStage
from model.flow_matching import LOSSES
from model.training.checkpoint import write_weights
from model.training.deepspeed_engine import Engine
from model.training.loss_curve import SOUND_VARIATION, History, draw_loss_curve
from model.training.run_tracking import RunTracking
from model.training.sound_variation import SoundVariation
from model.training.stage_request import StageRequest, learning_rate


class StageReport:
    """Every process makes one, because losses are averaged over processes; rank 0 alone prints and writes."""

    def __init__(self, request: StageRequest, engine: Engine, start: int, history: History) -> None:
        self._request, self._engine, self._processes = request, engine, engine.processes
        self.start = start  # steps that were done before
        self.history = [(step, values) for step, values in history]
        self._sums = torch.zeros(len(LOSSES), device=engine.processes.device)
        self._sound = SoundVariation(engine.module.get_submodule("audio"))
        self._logged_at, self._clock = start, time.monotonic()
        self._tracking = self._open_tracking() if engine.processes.rank == 0 else None
        if self._tracking and self._tracking.is_new:  # of a resumed stage whose MLflow run is lost
            for step, values in self.history:
                self._tracking.metrics(step, _named(values))

    def after_step(self, done: int, losses: Tensor) -> None:
        """Take one step's losses (in the order of LOSSES); every `log_every_steps` and at the end log their mean."""
        self._sums += losses
        if done % self._request.training.log_every_steps and done < self._request.stage.steps:
            return
        losses_now = self._mean(self._sums / (done - self._logged_at))
        values: dict[str, float] = dict(zip(LOSSES, losses_now, strict=True))
        variation, clips = self._mean(self._sound.taken(self._sums.device))
        if clips:
            values[SOUND_VARIATION] = variation / clips
        steps_per_second = (done - self._logged_at) / (time.monotonic() - self._clock)
        self._sums.zero_()
        self._logged_at, self._clock = done, time.monotonic()
        if self._tracking:
            self._log(done, values, steps_per_second)

    def _mean(self, values: Tensor) -> list[float]:
        return self._processes.mean_over_ranks(values).tolist()

    def _log(self, done: int, values: dict[str, float], steps_per_second: float) -> None:
        stage, name = self._request.stage, self._request.inputs.stage
        report_progress(done, stage.steps, f"{name} loss {values['total']:.4f} | {steps_per_second:.2f} steps/s")
        self.history.append((done, values))
        assert self._tracking
        self._tracking.metrics(
            done,
            _named(values)
            | {"learning_rate": learning_rate(stage, done - 1), "gradient_norm": self._engine.gradient_norm()}
            | {"clips_per_second": steps_per_second * self._request.clips_per_step}
            | {"optimizer_mebibytes_per_process": self._engine.optimizer_bytes() / 2**20},
        )

    def stopped(self, done: int) -> None:
        """After a stop signal, once the checkpoint is saved."""
        if self._tracking:
            self._tracking.end("KILLED")
            print(
                f"error: stopped by a signal after step {done} of {self._request.stage.steps}; a checkpoint is saved, "
                "start the same command again to continue",
                flush=True,
            )

    def failed(self) -> None:
        """After a loss or a weight that is no finite number."""
        if self._tracking:
            self._tracking.end("FAILED")

    def finish(self, weights: dict[str, Tensor]) -> None:
        """Rank 0, last act of a stage: weights, network.json, loss curve, MLflow, then result.json."""
        assert self._tracking
        request, folder = self._request, self._request.folder.path
        digest = write_weights(folder / "model.safetensors", weights)
        shape = {"network": request.network.model_dump(mode="json"), "recipe": request.recipe.model_dump(mode="json")}
        write_whole(folder / "network.json", json.dumps(shape, indent=1))
        curve = folder / "loss_curve.png"
        draw_loss_curve(self.history, f"{request.inputs.stage}, {request.stage.steps} steps", curve)
        for file in (curve, folder / "config.yaml"):
            self._tracking.artifact(file)
        receipt = self._receipt(digest, self._tracking.run_id, curve)
        self._tracking.describe({}, {"weights_sha256": digest})
        self._tracking.end("FINISHED")
        request.folder.finish(receipt.model_dump(mode="json"))

    def _receipt(self, digest: str, mlflow_run_id: str, curve: Path) -> TrainedStage:
        request, parent = self._request, self._request.inputs.parent
        return TrainedStage(
            stage=request.inputs.stage,
            attention=request.training.attention,
            seed=request.stage.seed,
            network=fingerprint(request.network),
            recipe=fingerprint(request.recipe),
            run=str(request.folder.path),
            weights=str(request.folder.path / "model.safetensors"),
            weights_sha256=digest,
            train_digest=request.training_set.train_digest,
            parent_weights_sha256=parent.weights_sha256 if parent else None,
            steps=request.stage.steps,
            final_losses={name: self.history[-1][1][name] for name in LOSSES},
            mlflow_run_id=mlflow_run_id,
            loss_curve=str(curve),
            initial_digest=request.inputs.initial_digest,
            before=parent.history() if parent else (),
            ablation=request.training.ablation,
        )

    def _open_tracking(self) -> RunTracking:
        request, identity = self._request, self._request.identity()
        tracking = RunTracking(request.tracking, request.folder.path, request.folder.run_id)
        digests = {"train_digest", "parent_weights_sha256", "stage"}
        tags = {key: str(identity.pop(key)) for key in digests}
        sizes = {"parameters": self._engine.parameters, "trained_parameters": self._engine.trained_parameters}
        tracking.describe(
            identity | sizes | {"deepspeed": request.deepspeed.model_dump()},
            tags | {"run_folder": str(request.folder.path)},
        )
        return tracking


def _named(values: dict[str, float]) -> dict[str, float]:
    """Logged values as MLflow's metrics."""
    return {f"loss_{key}" if key in LOSSES else key: value for key, value in values.items()}
