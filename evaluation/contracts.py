"""The formats of evaluation: its configuration, metrics, reports and the gate's decision.

Every model is frozen and refuses unknown fields, so a typo is an error.
"""

from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, Field, field_validator, model_validator

from foundation.bounds import Count, Once, PositiveShare, Quantity, Seed, Trimmed, each_once, real
from foundation.fingerprint import DoesNotDecide

Direction = Literal["higher_is_better", "lower_is_better"]
Variant = Literal["true", "audio_shuffled", "prompt_shuffled"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)


class EvaluationConfig(BaseModel, frozen=True, extra="forbid"):
    """conf/evaluation/*.yaml: the exam. The same seeds and held-out clips for every model; every field decides."""

    held_out_clips: Count
    seed: Seed
    variants: Annotated[
        list[Variant], Once
    ]  # which conditions are shuffled between clips, to show that the model uses them
    noise_levels: Annotated[
        list[PositiveShare], Field(min_length=1), Once
    ]  # sigmas at which the held-out x0 error is taken
    locator_steps: Count  # training steps of the embedded hand locator

    @model_validator(mode="after")
    def _variants_can_be_made(self) -> Self:
        if self.variants[:1] != ["true"]:
            raise ValueError(f"variants is {self.variants}: it must begin with the true conditions ('true')")
        if len(self.variants) > 1 and self.held_out_clips < 2:
            raise ValueError(
                f"variants {self.variants[1:]} exchange conditions between clips, and held_out_clips is "
                f"{self.held_out_clips}: hold out two or more, or set variants to ['true']"
            )
        return self


class GateRule(BaseModel, frozen=True, extra="forbid"):
    """One promotion rule on one metric. A missing or NaN metric refuses."""

    metric: Trimmed
    floor: Quantity | None = None  # absolute: at least (higher is better) or at most (lower is better)
    # against the champion, in the metric's units; None: not compared
    allowed_regression: Annotated[float, real(0, 1_000_000)] | None = None

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.floor is None and self.allowed_regression is None:
            raise ValueError(f"the gate's rule on '{self.metric}' asks nothing: give it a floor or allowed_regression")
        return self


class GateConfig(BaseModel, frozen=True, extra="forbid"):
    """conf/gate/*.yaml: rules are data. They decide the promotion decision only, no step before it."""

    rules: list[GateRule]
    must_improve: Trimmed | None  # this metric must be better than the champion's with `confidence`
    confidence: PositiveShare = 0.9  # paired bootstrap
    bootstrap_samples: Count = 2000
    # False: a passing challenger waits for an approver
    automatic: Annotated[bool, DoesNotDecide("who promotes what passed, not whether it passes")] = True

    @field_validator("rules")
    @classmethod
    def _one_rule_a_metric(cls, rules: list[GateRule]) -> list[GateRule]:
        if not rules:
            raise ValueError("the gate has no rule: anything would pass; add rules under gate.rules")
        each_once([rule.metric for rule in rules])
        return rules


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
    per_clip: dict[str, float] = {}
    per_frame: dict[str, list[float | None]] = {}  # clip -> a value a frame; None: this frame has none
    failures: dict[str, str] = {}  # clip that has no value -> why
    measured_by: MeasuredBy | None = None  # of what a backend measured; None: computed in the evaluation itself
    note: str = ""

    @property
    def count(self) -> int:
        """How many clips the value rests on."""
        return len(self.per_clip)


class GeneratedSamples(BaseModel, frozen=True, extra="forbid"):
    """Receipt of the samples of one artifact on the held-out clips."""

    folder: str
    digest: str
    artifact_digest: str
    held_out_digest: str
    variants: list[Variant]
    clips: list[str]
    contact_sheet: str


class EvaluationReport(BaseModel, frozen=True, extra="forbid"):
    """Receipt of one evaluation."""

    artifact_digest: str
    exam_digest: str  # held-out clips + seed + metrics and their code: reports compare only where it is equal
    metrics: dict[str, Metric]
    report_html: str
    contact_sheet: str
    folder: str


class Reason(BaseModel, frozen=True, extra="forbid"):
    """The outcome of one rule; `message` has its numbers."""

    rule: str
    passed: bool
    message: str


class Decision(BaseModel, frozen=True, extra="forbid"):
    """The gate's decision, with a reason for every rule."""

    passed: bool
    reasons: list[Reason]
    challenger_digest: str
    champion_digest: str | None
    exam_digest: str
