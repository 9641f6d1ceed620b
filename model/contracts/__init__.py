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
    Text,
    Weight,
    Width,
)
from foundation.bounds import (
    PositiveShare as PositiveShare,
)
from foundation.bounds import (
    Seed as Seed,
)
from foundation.bounds import (
    Share as Share,
)
from foundation.bounds import (
    above as above,
)
from foundation.bounds import (
    real as real,
)
from foundation.bounds import (
    whole as whole,
)
from foundation.by_name import check_choice
from foundation.fingerprint import DoesNotDecide, fingerprint
from foundation.names import Name
from model.contracts.method import ATTENTION as ATTENTION
from model.contracts.method import Ablation as Ablation
from model.contracts.method import AttentionMode as AttentionMode
from model.contracts.method import Shipped, StageRecord
from model.contracts.method import StageName as StageName
from model.contracts.network_config import LABELS as LABELS
from model.contracts.network_config import REGIONS as REGIONS
from model.contracts.network_config import LabelName as LabelName
from model.contracts.network_config import NetworkConfig as NetworkConfig
from model.contracts.network_config import RecipeConfig as RecipeConfig
from model.contracts.network_config import RegionName as RegionName
from model.contracts.training_config import LowRankConfig as LowRankConfig
from model.contracts.training_config import StageConfig as StageConfig
from model.contracts.training_config import StageTraining as StageTraining
from model.contracts.training_config import TrainingConfig as TrainingConfig
from model.contracts.training_config import TrainingOptions as TrainingOptions


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


Precision = Literal["fp32", "bf16"]
"""What a network computes in at inference."""


class SamplingConfig(BaseModel, frozen=True, extra="forbid"):
    """conf/sampling/*.yaml. Paper: 40 steps, CFG 5, sigma shift 7."""

    steps: Count
    guidance: Weight
    sigma_shift: Positive
    precision: Precision = "fp32"  # bf16: stored and computed as training's bf16_autocast rounds (decision 0023)
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
    # database of the ledger of decisions; null: MLflow's own PostgreSQL database, or a file beside its SQLite one
    ledger: Annotated[StoreAddress | None, DoesNotDecide(_WRITTEN_DOWN)] = None


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
    conditioning_digest: str  # of what it encodes and decodes clips with, and their format: equal for many artifacts
    train_digest: str = ""  # of the clips it learnt from, see orchestration.registry.trained_on; empty: not known
