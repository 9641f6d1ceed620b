"""The formats of an ablation: what is asked for, what each arm got, what the table says. Imports no torch.

An arm is the method, or the method without one of its parts (CoInteract, arXiv 2604.19636, ablation table). All arms
get the same data, steps, batch and seeds.
"""

from typing import Annotated, get_args

from pydantic import BaseModel, Field, model_validator

from evaluation.contracts import ClipGroups, Metric
from foundation.bounds import Few, Once, Seed, Text, Trimmed
from foundation.names import Name
from model.contracts import Ablation

ARMS: tuple[Ablation, ...] = get_args(Ablation)
NAMES: dict[Ablation, str] = {
    "full": "full method",
    "no_moe": "without MoE",
    "no_co_generation": "without co-generation",
    "no_asymmetric_mask": "without asymmetric mask",
}
FEWEST_SEEDS = 2
REFERENCE = "no_moe_not_widened"  # whose inference costs 1.00


class AblationConfig(BaseModel, frozen=True, extra="forbid"):
    """conf/ablation/*.yaml: how much each arm gets."""

    name: Name  # of the budget
    arms: Annotated[list[Ablation], Field(min_length=2), Once]
    seeds: Annotated[list[Seed], Field(min_length=FEWEST_SEEDS), Once]  # of training: every arm is trained with each
    metrics: Annotated[list[Trimmed], Field(min_length=1), Once]  # the numbers of the table
    timing_rounds: Few  # how often the arms take turns where their speed is measured
    overrides: list[Text]  # all else of the configuration, as on a command line

    @model_validator(mode="after")
    def _has_something_to_compare_with(self) -> "AblationConfig":
        if "full" not in self.arms:
            raise ValueError("arms lacks full, which the others are compared with: add it")
        return self


class ArmResult(BaseModel, frozen=True, extra="forbid"):
    """Receipt of one arm, trained with one seed and measured on the open exam."""

    arm: Ablation
    seed: Seed
    folder: str
    weights_sha256: str  # of the stage two that was measured
    metrics: dict[str, Metric]
    clips: dict[str, ClipGroups]
    losses: dict[str, float]  # at the end of stage two


class ArmCost(BaseModel, frozen=True, extra="forbid"):
    """What one arm costs."""

    name: str
    parameters: int  # that inference needs
    training_gigaflops: float | None  # of one step; None: not trained
    inference_gigaflops: float  # of one clip
    inference_seconds: float  # of one clip, median
    published_size_teraflops: float  # of one pass at the published shape


class AblationCost(BaseModel, frozen=True, extra="forbid"):
    """Receipt of what the arms cost, measured in one process in turns."""

    folder: str
    device: str
    rounds: Few
    arms: dict[str, ArmCost]
