"""What the model layer promises: its configuration and the receipts it leaves. Imports no torch.

Every model is frozen and refuses unknown fields, so a typo is an error. Facts: CoInteract, arXiv 2604.19636.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, model_validator

from foundation.addresses import StoreAddress
from foundation.bounds import (
    Count,
    Few,
    PathText,
    Positive,
    PositiveShare,
    Seed,
    Share,
    Text,
    Weight,
    Width,
    above,
    real,
    whole,
)
from foundation.by_name import check_choice
from foundation.fingerprint import DoesNotDecide, fingerprint
from foundation.names import Name
from model.contracts.method import ATTENTION, Shipped, StageRecord
from model.contracts.method import Ablation as Ablation
from model.contracts.method import AttentionMode as AttentionMode
from model.contracts.method import StageName as StageName
from model.contracts.network_config import LABELS as LABELS
from model.contracts.network_config import REGIONS as REGIONS
from model.contracts.network_config import LabelName as LabelName
from model.contracts.network_config import NetworkConfig as NetworkConfig
from model.contracts.network_config import RecipeConfig as RecipeConfig
from model.contracts.network_config import RegionName as RegionName


def _file_of(folder: str) -> AfterValidator:
    """The name of a module of model/conditioning/<folder>; spelled so that the code of all of them is not ours."""
    return AfterValidator(lambda name: check_choice(f"model.conditioning.{folder}", name))


class LatentCodecConfig(BaseModel, frozen=True, extra="forbid"):
    """Video to latents, stride 8 in space and 4 in time, the first frame alone."""

    kind: Annotated[str, _file_of("latent_codecs")]
    channels: Width
    weights: PathText | None = None  # given ones: folder written by save_pretrained
    fit_clips: Count = 64  # how many training clips a codec is fitted on, where it is


class TextEncoderConfig(BaseModel, frozen=True, extra="forbid"):
    """Prompts to token vectors."""

    kind: Annotated[str, _file_of("text_encoders")]
    dim: Width
    tokens: Width
    weights: PathText | None = None


class AudioEncoderConfig(BaseModel, frozen=True, extra="forbid"):
    """Speech to features, one column a denoised pixel frame."""

    kind: Annotated[str, _file_of("audio_encoders")]
    dim: Width
    layers: Few
    weights: PathText | None = None


class EncodingConfig(BaseModel, frozen=True, extra="forbid"):
    """conf/encoding/*.yaml."""

    latent_codec: LatentCodecConfig
    text_encoder: TextEncoderConfig
    audio_encoder: AudioEncoderConfig
    hoi_prompt: Text  # fixed template that describes the structure video; the clip's prompt follows it
    clips_per_shard: Count = 64


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


class DeepSpeedConfig(BaseModel, frozen=True, extra="forbid"):
    """conf/deepspeed/*.yaml: how the work is spread."""

    processes: Few
    threads_per_process: Few = 1
    zero_stage: Literal[0, 1, 2, 3]
    precision: Literal["fp32", "bf16_autocast"]
    offload_optimizer: bool = False
    offload_parameters: bool = False  # exists at ZeRO-3 only; anything else is an error

    @model_validator(mode="after")
    def _deepspeed_can_do_it(self) -> Self:
        """Refuse what DeepSpeed would misread, crash on, or silently ignore."""
        if self.offload_parameters and self.zero_stage != 3:
            raise ValueError(
                f"offload_parameters: parameters can be offloaded at ZeRO-3 only, zero_stage is {self.zero_stage}: "
                "set deepspeed.zero_stage=3 or deepspeed.offload_parameters=false"
            )
        if self.offload_optimizer and self.zero_stage == 0:
            raise ValueError(
                "offload_optimizer: nothing is offloaded at ZeRO-0: set deepspeed.zero_stage to 1, 2 or 3, or "
                "deepspeed.offload_optimizer=false"
            )
        if self.zero_stage == 0 and self.precision == "bf16_autocast":
            raise ValueError(
                "precision: bf16_autocast drifts at ZeRO-0: set deepspeed.zero_stage=1 or deepspeed.precision=fp32"
            )
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


class SamplingConfig(BaseModel, frozen=True, extra="forbid"):
    """conf/sampling/*.yaml. Paper: 40 steps, CFG 5, sigma shift 7."""

    steps: Count
    guidance: Weight
    sigma_shift: Positive
    # one: both sides of guidance as one batch; two: a pass each; auto: one, and two once it ran out of GPU memory
    guidance_passes: Annotated[
        Literal["auto", "one", "two"], DoesNotDecide("the same samples up to the last bits, from more or less memory")
    ] = "auto"


def _inside(uri: str) -> str:
    """A database that is named relative to the project stays inside it."""
    kind, _, place = uri.partition("://")
    if kind == "sqlite" and ".." in Path(place).parts:
        raise ValueError(f"{uri} leads out of the project: write sqlite:///registry/NAME.db, or the whole path")
    return uri


_WRITTEN_DOWN = "only where results are written down"


class TrackingConfig(BaseModel, frozen=True, extra="forbid", hide_input_in_errors=True):
    """conf/tracking/*.yaml: where runs and model versions live."""

    # for example sqlite:///registry/mlflow.db, relative to the project root
    uri: Annotated[StoreAddress, AfterValidator(_inside), DoesNotDecide(_WRITTEN_DOWN)]
    experiment: Annotated[Name, DoesNotDecide(_WRITTEN_DOWN)]
    registered_model: Annotated[Name, DoesNotDecide(_WRITTEN_DOWN)]


class Encoders(BaseModel, frozen=True, extra="forbid"):
    """Receipt of the conditioning encoders: the embedded codec's fit, or the given weights' hashes."""

    folder: str  # relative to the project root
    digest: str
    captions: dict[str, str]  # encoder -> one line for people, for example "linear, 32 channels, 28.1 dB on its clips"


class EncodedBatch(BaseModel, frozen=True, extra="forbid"):
    """Receipt of datasets/encoded/<batch>: shards of safetensors and an index.json."""

    batch: Name
    folder: str
    clips: int
    digest: str
    prepared_digest: str
    encoders_digest: str


class TrainingSet(BaseModel, frozen=True, extra="forbid"):
    """Receipt of what is trained on and what is evaluated on: batches plus split, one digest."""

    train: tuple[EncodedBatch, ...]
    held_out: tuple[EncodedBatch, ...]
    train_digest: str  # stages depend on this one: a change in the held-out batch alone trains nothing again
    held_out_digest: str
    digest: str
    overlap_allowed: bool
    not_ready: tuple[str, ...] = ()  # arrived batches that were refused or came too late: not in it


_WHERE_IT_LIES = {"run", "weights", "mlflow_run_id", "loss_curve"}  # trained again, it is the same stage elsewhere


class TrainedStage(BaseModel, frozen=True, extra="forbid"):
    """Receipt of one stage: consolidated fp32 weights of both streams."""

    stage: StageName
    attention: AttentionMode
    seed: int
    network: str  # digest of the configuration it was trained with
    recipe: str  # likewise
    run: str  # run folder, relative to the project root
    weights: str  # model.safetensors, relative to the project root
    weights_sha256: str
    train_digest: str
    parent_weights_sha256: str | None  # stage two: stage one's
    steps: int
    final_losses: dict[str, float]
    mlflow_run_id: str
    loss_curve: str  # PNG, relative to the project root
    initial_digest: str | None = None  # of the weights it started from, where it has no parent and did not draw them
    before: tuple[StageRecord, ...] = ()  # the stages that its parent's weights went through
    ablation: Ablation | None = None  # of which arm of an ablation it is

    def history(self) -> tuple[StageRecord, ...]:
        """How its weights came to be, this stage last."""
        own = {name: getattr(self, name) for name in StageRecord.model_fields if name != "receipt"}
        return (*self.before, StageRecord(**own, receipt=fingerprint(self.model_dump(exclude=_WHERE_IT_LIES))))


class RgbArtifact(Shipped, frozen=True, extra="forbid"):
    """Receipt of the exported folder: model.safetensors + network.json + manifest.json, no HOI weight in it."""

    folder: str
    digest: str
    stage_two_weights: str  # where they were: promotion runs the proof again on them
    proof: dict[str, str]  # check -> what it showed, for example "noise_swap": "same bits on 3 shapes"
    parameters: int
    train_digest: str = ""  # of the clips it learnt from, see orchestration.registry.trained_on; empty: not known
