"""What a model must have gone through to be shipped, as a type: the method's two stages, and no variation of them.

CoInteract, arXiv 2604.19636, sec. 3.4: stage one trains both streams with full attention, stage two goes on with
asymmetric attention. Only then is the RGB stream independent of the HOI stream. Every receipt and every artifact
carries how it was trained; one that was trained in another way cannot be written as a `TrainingHistory`, so it cannot
be exported, registered or promoted.
"""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, model_validator

AttentionMode = Literal["full", "asymmetric"]
StageName = Literal["stage_one", "stage_two"]
ATTENTION: dict[StageName, AttentionMode] = {"stage_one": "full", "stage_two": "asymmetric"}
# an arm of an ablation: the method with the table's budget, or without one of its parts. Trained and evaluated, never
# shipped (CoInteract, arXiv 2604.19636, ablation table)
Ablation = Literal["full", "no_moe", "no_co_generation", "no_asymmetric_mask"]


class StageRecord(BaseModel, frozen=True, extra="forbid"):
    """How one stage was trained; what is kept of it beyond its run folder."""

    stage: StageName
    attention: AttentionMode
    steps: int
    seed: int
    network: str  # digest of the configuration
    recipe: str  # likewise
    train_digest: str  # of the clips it learned from
    initial_digest: str | None  # of the weights that stage one started from; null: drawn by its seed
    parent_weights_sha256: str | None  # stage two: stage one's
    weights_sha256: str
    receipt: str  # digest of the stage's receipt
    ablation: Ablation | None = None  # of which arm of an ablation it is; None: of the ordinary line


def _as_the_method_says(history: tuple[StageRecord, ...]) -> tuple[StageRecord, ...]:
    stages = [record.stage for record in history]
    if stages != list(ATTENTION):
        raise ValueError(f"trained as {' and '.join(stages) or 'nothing'}: train stage_one, then stage_two")
    for record in history:
        if record.ablation is not None:
            raise ValueError(
                f"{record.stage} was trained as the arm {record.ablation} of an ablation, which is compared and never "
                "shipped: train without training.ablation"
            )
        if record.attention != ATTENTION[record.stage]:
            raise ValueError(
                f"{record.stage} was trained with {record.attention} attention, the method asks for "
                f"{ATTENTION[record.stage]}: an ablation is not shipped; train without training.ablation"
            )
    one, two = history
    if two.parent_weights_sha256 != one.weights_sha256:
        raise ValueError("stage_two did not start from this stage_one's weights: train stage two again")
    for field in ("network", "recipe"):
        if getattr(one, field) != getattr(two, field):
            raise ValueError(f"stage_one and stage_two were trained with another {field} each: train both again")
    return history


TrainingHistory = Annotated[tuple[StageRecord, ...], AfterValidator(_as_the_method_says)]


class Shipped(BaseModel, frozen=True, extra="forbid"):
    """What an artifact's manifest and its receipt both say of where it comes from."""

    stage_two_weights_sha256: str
    training: TrainingHistory

    @model_validator(mode="after")
    def _of_these_weights(self) -> Self:
        if self.training[-1].weights_sha256 != self.stage_two_weights_sha256:
            raise ValueError("its training ended with other weights than it was exported from: export again")
        return self
