"""The whole configuration as one model, one field a group of conf/."""

from typing import Annotated, Any

from pydantic import BaseModel

from data.config import DataConfig
from evaluation.ablation.contracts import AblationConfig
from evaluation.backends.config import ScoringConfig
from evaluation.contracts import EvaluationConfig, GateConfig
from foundation.fingerprint import DoesNotDecide
from model.contracts import (
    DeepSpeedConfig,
    EncodingConfig,
    NetworkConfig,
    RecipeConfig,
    SamplingConfig,
    TrackingConfig,
    TrainingConfig,
)
from orchestration.configuration.approval import ApprovalConfig


class PipelineConfig(BaseModel, frozen=True, extra="forbid", hide_input_in_errors=True):
    """The whole configuration, one field a group."""

    data: DataConfig
    encoding: EncodingConfig
    network: NetworkConfig
    recipe: RecipeConfig
    training: TrainingConfig
    deepspeed: DeepSpeedConfig
    sampling: SamplingConfig
    evaluation: EvaluationConfig
    gate: GateConfig
    scoring: Annotated[ScoringConfig, DoesNotDecide("`graspline score` alone reads it: no model or exam is made of it")]
    ablation: Annotated[AblationConfig, DoesNotDecide("`graspline ablate` alone reads it: the line's models do not")]
    tracking: TrackingConfig
    approval: Annotated[ApprovalConfig, DoesNotDecide("who decides about a model, not how it is made or judged")]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for YAML."""
        return self.model_dump(mode="json")
