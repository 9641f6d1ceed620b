"""The formats of evaluation: its configuration, metrics, reports and the gate's decision.

Every model is frozen and refuses unknown fields, so a typo is an error.
"""

from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, Field, model_validator

from foundation.bounds import Count, Few, Once, PositiveShare, Quantity, Seed, Trimmed, above, each_once, whole
from foundation.fingerprint import DoesNotDecide
from model.contracts import Precision

Direction = Literal["higher_is_better", "lower_is_better"]
VideoKind = Literal["studio", "filmed"]  # drawn by the studio; filmed, or generated to look so
Variant = Literal["true", "audio_shuffled", "prompt_shuffled", "person_shuffled", "product_shuffled"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)


Grouping = Literal["person", "product", "action"]
GROUPINGS: tuple[Grouping, ...] = get_args(Grouping)


class EvaluationConfig(BaseModel, frozen=True, extra="forbid"):
    """conf/evaluation/*.yaml: the exams. Every field decides but the last.

    The open exam has the same clips and seeds for every model, so that what is tuned can be tuned on it. The sealed
    exam decides a promotion: other clips where there are some, and in any case noise that is drawn for that candidate.
    """

    held_out_clips: Count  # of the open exam: the first of the held-out batches
    # of the sealed exam: those after them; 0: the same clips, and only the noise is another
    sealed_clips: Annotated[int, whole(0, 1_000_000)]
    seed: Seed
    seeds_a_clip: Few  # videos of each clip from noise of their own, under the true conditions
    variants: Annotated[
        list[Variant], Once
    ]  # which conditions are shuffled between clips, to show that the model uses them
    noise_levels: Annotated[
        list[PositiveShare], Field(min_length=1), Once
    ]  # sigmas at which the held-out x0 error is taken
    locator_steps: Count  # training steps of the embedded hand locator, and of the part map
    processes: Annotated[
        Few, DoesNotDecide("how many clips are at work at once: every video and number is the same")
    ] = 1

    @model_validator(mode="after")
    def _variants_can_be_made(self) -> Self:
        if self.variants[:1] != ["true"]:
            raise ValueError(f"variants is {self.variants}: it must begin with the true conditions ('true')")
        for field in ("held_out_clips", "sealed_clips"):
            if len(self.variants) > 1 and getattr(self, field) == 1:
                raise ValueError(
                    f"variants {self.variants[1:]} exchange conditions between clips, and {field} is 1: "
                    "hold out two or more, or set variants to ['true']"
                )
        return self


class Amount(BaseModel, frozen=True, extra="forbid"):
    """A difference between two models."""

    size: Annotated[float, above(0, 1_000_000)]
    kind: Literal["units", "share"]  # the metric's own units, or a share of the champion's value

    def of(self, champion: float) -> float:
        """In the metric's units, against this champion's value."""
        return self.size if self.kind == "units" else self.size * abs(champion)


class GateRule(BaseModel, frozen=True, extra="forbid"):
    """One promotion rule on one metric. A missing or NaN metric refuses."""

    metric: Trimmed
    floor: Quantity | None = None  # absolute: at least (higher is better) or at most (lower is better)
    # against the champion: that the metric is worse by so much must be excluded with 1 - level; None: not compared
    margin: Amount | None = None

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.floor is None and self.margin is None:
            raise ValueError(f"the gate's rule on '{self.metric}' asks nothing: give it a floor or a margin")
        return self


class Improvement(BaseModel, frozen=True, extra="forbid"):
    """One way of being better than the champion: a gain that is sure, and large enough to matter."""

    metric: Trimmed
    useful: Amount  # the mean gain must reach it, and its lower bound must lie above 0
    # a gain of this size is what the exam should see; the decision says how often it would
    sought: Amount


class GateConfig(BaseModel, frozen=True, extra="forbid"):
    """conf/gate/*.yaml: rules are data. They decide the promotion decision only, no step before it."""

    rules: list[GateRule]
    improvements: list[Improvement]  # one of them must be shown; none: being no worse is enough
    # of error: of each margin's test, and of all improvements together (Holm)
    level: Annotated[float, above(0, 0.5)] = 0.05
    # False: a passing challenger waits for an approver
    automatic: Annotated[bool, DoesNotDecide("who promotes what passed, not whether it passes")] = True

    @model_validator(mode="after")
    def _each_metric_once(self) -> Self:
        if not self.rules:
            raise ValueError("the gate has no rule: anything would pass; add rules under gate.rules")
        each_once([rule.metric for rule in self.rules])
        each_once([improvement.metric for improvement in self.improvements])
        return self

    @property
    def compared(self) -> list[str]:
        """What is held against the champion: the guarded metrics and those in which a gain counts."""
        guarded = [rule.metric for rule in self.rules if rule.margin is not None]
        return list(dict.fromkeys([*guarded, *(improvement.metric for improvement in self.improvements)]))

    @property
    def metrics(self) -> list[str]:
        """Every metric that a rule or an improvement names."""
        return [*(rule.metric for rule in self.rules), *(improvement.metric for improvement in self.improvements)]


class MeasuredBy(BaseModel, frozen=True, extra="forbid"):
    """Which tool measured, with which weights, where: what it takes to measure the same again."""

    tool: str
    version: str
    weights_sha256: str | None = None  # None: the tool has no weights
    licence: str  # of the tool and its weights, as SPDX names it
    device: str = "cpu"
    libraries: dict[str, str] = {}  # distribution -> version, of what computed


class Metric(BaseModel, frozen=True, extra="forbid"):
    """One number with what it takes to read it. Stand-ins say so in their name."""

    name: str
    value: float | None  # None: could not be computed, `note` says why
    unit: str
    direction: Direction
    version: int
    per_clip: dict[str, float] = {}  # the mean over the clip's noise seeds
    per_seed: dict[str, list[float | None]] = {}  # clip -> one value a noise seed; None: this video has none
    noise_floor: float | None = None  # standard error of `value` that the noise seeds alone cause
    # clip -> a value a frame of its first noise seed; None: this frame has none
    per_frame: dict[str, list[float | None]] = {}
    failures: dict[str, str] = {}  # clip that has no value -> why
    remarks: dict[str, str] = {}  # clip that has a value -> what to know of it
    measured_by: MeasuredBy | None = None  # of what a backend measured; None: computed in the evaluation itself
    note: str = ""

    @property
    def count(self) -> int:
        """How many clips the value rests on."""
        return len(self.per_clip)


ExamName = Literal["open", "sealed"]


class Exam(BaseModel, frozen=True, extra="forbid"):
    """Which held-out clips, from which noise."""

    name: ExamName
    variants: list[Variant]
    first: Annotated[int, whole(0, 1_000_000)]  # place of its first clip among the held-out ones
    clips: Count
    seed: Seed


class ClipGroups(BaseModel, frozen=True, extra="forbid"):
    """What a clip has in common with others, and with the clips that were trained on."""

    groups: dict[Grouping, str]
    seen: list[Grouping]  # these of its groups occur in the training clips


class GeneratedSamples(BaseModel, frozen=True, extra="forbid"):
    """Receipt of the samples of one artifact on the clips of an exam."""

    folder: str  # holds <variant>.safetensors, and true_1, true_2 ... for the further noise seeds
    digest: str
    artifact_digest: str
    held_out_digest: str
    exam: Exam
    variants: list[Variant]
    seeds_a_clip: Few
    clips: list[str]
    contact_sheet: str


class EvaluationReport(BaseModel, frozen=True, extra="forbid"):
    """Receipt of one evaluation."""

    artifact_digest: str
    exam_digest: str  # held-out clips + seed + metrics and their code: reports compare only where it is equal
    exam: ExamName = "open"
    precision: Precision = "fp32"  # the model's samples were made in it: reports compare only where it is equal
    clips: dict[str, ClipGroups] = {}  # a clip without is nobody's relative
    metrics: dict[str, Metric]
    report_html: str
    contact_sheet: str
    folder: str


class Reason(BaseModel, frozen=True, extra="forbid"):
    """The outcome of one rule; `message` has its numbers."""

    rule: str
    passed: bool
    message: str


class Sight(BaseModel, frozen=True, extra="forbid"):
    """What the exam can see: how often a true gain of this size would have been shown."""

    metric: str
    gain: float  # in the metric's units
    chance: float
    message: str


class Decision(BaseModel, frozen=True, extra="forbid"):
    """The gate's decision, with a reason for every rule."""

    passed: bool
    reasons: list[Reason]
    sights: list[Sight] = []
    challenger_digest: str
    champion_digest: str | None
    exam_digest: str  # of the open exam
    sealed_exam_digest: str | None = None  # None: the candidate did not get so far


class AuditTable(BaseModel, frozen=True, extra="forbid"):
    """One table of the judge's audit."""

    title: str
    note: str  # what it rests on
    columns: list[str]
    rows: list[list[str]]


class JudgeAudit(BaseModel, frozen=True, extra="forbid"):
    """Receipt of an audit of the judge."""

    tables: list[AuditTable]
    folder: str
