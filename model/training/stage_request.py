"""What one stage of training is asked to do: its run folder's config.yaml and inputs.json, read by every process."""

import math
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from foundation.fingerprint import deciding
from foundation.run_folder import RunFolder
from model.contracts import (
    DeepSpeedConfig,
    NetworkConfig,
    RecipeConfig,
    StageConfig,
    StageName,
    StageTraining,
    TrackingConfig,
    TrainedStage,
    TrainingSet,
)
from model.contracts.method import ATTENTION
from model.training.checkpoint import Checkpoint
from model.training.deepspeed_engine import check_deepspeed

# how the work is spread over processes and memory: a run may go on with another spread, if a step still learns from as
# many clips
SPREAD = {
    "processes",
    "threads_per_process",
    "zero_stage",
    "offload_optimizer",
    "offload_parameters",
    "micro_batch_per_process",
    "gradient_accumulation",
}


class StageInputs(BaseModel, frozen=True, extra="forbid"):
    """inputs.json."""

    stage: StageName
    training_set: TrainingSet
    parent: TrainedStage | None = None
    initial_digest: str | None = None  # content of `training.initial_weights` and `initial_adapter`


@dataclass(frozen=True)
class StageRequest:
    """Everything a stage needs to know."""

    folder: RunFolder
    inputs: StageInputs
    network: NetworkConfig
    recipe: RecipeConfig
    training: StageTraining
    deepspeed: DeepSpeedConfig
    tracking: TrackingConfig

    @property
    def stage(self) -> StageConfig:
        """This stage's own part of the training configuration."""
        return self.training.stage

    @property
    def training_set(self) -> TrainingSet:
        """The receipt of what is trained on."""
        return self.inputs.training_set

    @property
    def clips_per_step(self) -> int:
        """The global batch: clips that one optimizer step learns from."""
        return self.training.micro_batch_per_process * self.deepspeed.processes * self.training.gradient_accumulation

    def identity(self) -> dict[str, Any]:
        """What a checkpoint must agree with to be continued: all that decides, but how the work is spread."""
        parent = self.inputs.parent
        settings = {
            f"{section}.{self.inputs.stage if name == 'stage' else name}": value
            for section in ("network", "recipe", "training", "deepspeed")
            for name, value in deciding(getattr(self, section)).items()
            if name not in SPREAD
        }
        return settings | {
            "stage": self.inputs.stage,
            "clips per step": self.clips_per_step,
            "train_digest": self.training_set.train_digest,
            "parent_weights_sha256": parent.weights_sha256 if parent else None,
            "initial_digest": self.inputs.initial_digest,
        }

    def check_continues(self, checkpoint: Checkpoint) -> None:
        """ValueError: the checkpoint is of a run with other settings; names them."""
        wanted, written = self.identity(), checkpoint.facts["identity"]
        changed = sorted(key for key in wanted.keys() | written.keys() if wanted.get(key) != written.get(key))
        if changed:
            raise ValueError(
                f"checkpoint {checkpoint.folder} was made with another {', '.join(changed)}: "
                "start in a new run folder, or put the old settings back"
            )


def read_request(folder: RunFolder) -> StageRequest:
    """The stage's request. ValueError: a key is wrong, or a parent is missing or of another data set."""
    inputs = folder.inputs(StageInputs)
    if (inputs.stage == "stage_two") != (inputs.parent is not None):
        raise ValueError(
            f"{folder.path}/inputs.json: stage_two needs stage one's receipt as parent, stage_one has none"
        )
    request = StageRequest(
        folder=folder,
        inputs=inputs,
        network=folder.section("network", NetworkConfig),
        recipe=folder.section("recipe", RecipeConfig),
        training=folder.section("training", StageTraining),
        deepspeed=folder.section("deepspeed", DeepSpeedConfig),
        tracking=folder.section("tracking", TrackingConfig),
    )
    if inputs.stage == "stage_one" and request.training.attention != ATTENTION["stage_one"]:
        raise ValueError(f"{folder.path}/config.yaml: stage_one attends with {ATTENTION['stage_one']} attention only")
    check_deepspeed(request.deepspeed)
    return request


def learning_rate(stage: StageConfig, step: int) -> float:
    """Rate of update number `step` (from 0): linear warm-up, then cosine down to the final ratio, or constant."""
    if step < stage.warmup_steps:
        return stage.learning_rate * (step + 1) / stage.warmup_steps
    if stage.schedule == "constant":
        return stage.learning_rate
    progress = (step - stage.warmup_steps) / (stage.steps - stage.warmup_steps)
    cosine = 0.5 * (1 + math.cos(math.pi * progress))
    return stage.learning_rate * (stage.final_learning_rate_ratio + (1 - stage.final_learning_rate_ratio) * cosine)
