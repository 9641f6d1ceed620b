"""How training is configured: conf/training. A part of model.contracts, where everybody imports it from."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, model_validator

from foundation.bounds import Count, Few, PathText, Positive, PositiveShare, Seed, Share, Width, above, real, whole
from foundation.fingerprint import DoesNotDecide
from model.contracts.method import ATTENTION, Ablation, AttentionMode, StageName


class StageConfig(BaseModel, frozen=True, extra="forbid"):
    """One stage of training. How it attends is the method's to say (`method`), not the configuration's."""

    steps: Count
    learning_rate: PositiveShare
    warmup_steps: Annotated[int, whole(0, 1_000_000)] = 0
    schedule: Literal["cosine", "constant"] = "cosine"
    final_learning_rate_ratio: Share = 0.0
    seed: Seed = 0

    @model_validator(mode="after")
    def _warm_up_ends(self) -> Self:
        if self.warmup_steps >= self.steps:
            raise ValueError(f"warmup_steps {self.warmup_steps} must be below steps {self.steps}: lower it")
        return self


class LowRankConfig(BaseModel, frozen=True, extra="forbid"):
    """LoRA: the backbone's q, k, v, o and both FFN layers learn weight + (alpha / rank) B A, the rest is frozen."""

    rank: Width
    alpha: Annotated[float, above(0, 1_000_000)] | None = None  # null: the rank, as the released script has it

    @property
    def scale(self) -> float:
        """What B A counts."""
        return 1.0 if self.alpha is None else self.alpha / self.rank


BetaOfAdam = Annotated[float, real(0, 0.999_999)]
_BY_CONTENT = "only a path: the digest of what lies there decides"


class TrainingOptions(BaseModel, frozen=True, extra="forbid"):
    """What both stages of training share."""

    micro_batch_per_process: Few
    gradient_accumulation: Count = 1
    weight_decay: Share
    betas: tuple[BetaOfAdam, BetaOfAdam] = (0.9, 0.999)
    gradient_clip: Positive
    checkpoint_every_steps: Annotated[Count, DoesNotDecide("a resumed run gives the same bits")]
    keep_checkpoints: Annotated[Count, DoesNotDecide("only how many stay on the disk")] = 2
    log_every_steps: Annotated[Count, DoesNotDecide("only how often losses are written down")] = 10
    # what stage one starts from: a stage's model.safetensors, or the folder of the public backbone's shards
    initial_weights: Annotated[PathText | None, DoesNotDecide(_BY_CONTENT)] = None
    initial_adapter: Annotated[PathText | None, DoesNotDecide(_BY_CONTENT)] = None  # a public adapter, merged into them
    low_rank: LowRankConfig | None = None  # null: every weight is trained
    # keep what enters a block and compute the rest again going backward
    activation_checkpointing: Annotated[bool, DoesNotDecide("the same bits from less memory and more time")] = False

    @model_validator(mode="after")
    def _an_adapter_has_a_base(self) -> Self:
        if self.initial_adapter and not self.initial_weights:
            raise ValueError("initial_adapter changes weights: give the ones it was trained on as initial_weights")
        return self


class StageTraining(TrainingOptions, frozen=True, extra="forbid"):
    """What one stage is trained with, as its process reads it: nothing of the other stage."""

    stage: StageConfig
    attention: AttentionMode
    ablation: Ablation | None = None  # whose arm this stage is

    @property
    def co_generation(self) -> bool:
        """Whether the HOI stream is there."""
        return self.ablation != "no_co_generation"


class TrainingConfig(TrainingOptions, frozen=True, extra="forbid"):
    """conf/training/*.yaml."""

    stage_one: StageConfig
    stage_two: StageConfig
    # an arm of `graspline ablate`: it is trained and compared, and refused wherever it would ship
    ablation: Ablation | None = None

    @model_validator(mode="after")
    def _starts_without_the_hoi_stream(self) -> Self:
        if self.ablation == "no_co_generation" and self.initial_weights:
            raise ValueError(
                "ablation no_co_generation has no HOI stream, and initial_weights may hold one: set "
                "initial_weights=null"
            )
        return self

    def of_stage(self, name: StageName) -> StageTraining:
        """The part of one stage."""
        shared = {field: getattr(self, field) for field in TrainingOptions.model_fields}
        if name == "stage_one":
            arm = "full" if self.ablation == "no_asymmetric_mask" else self.ablation  # they part in stage two only
            return StageTraining(**shared, stage=self.stage_one, attention=ATTENTION[name], ablation=arm)
        attention = "full" if self.ablation == "no_asymmetric_mask" else ATTENTION[name]
        return StageTraining(**shared, stage=self.stage_two, attention=attention, ablation=self.ablation)
