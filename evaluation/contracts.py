"""The formats of evaluation: its configuration, metrics, reports and the gate's decision.

Every model is frozen and refuses unknown fields, so a typo is an error.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from foundation.fingerprint import DoesNotDecide

Direction = Literal["higher_is_better", "lower_is_better"]
Variant = Literal["true", "audio_shuffled", "prompt_shuffled"]


class EvaluationConfig(BaseModel, frozen=True, extra="forbid"):
    """conf/evaluation/*.yaml: the exam. The same seeds and held-out clips for every model; every field decides."""

    held_out_clips: int = Field(ge=1)
    seed: int
    variants: list[Variant]  # which conditions are shuffled between clips, to show that the model uses them
    noise_levels: list[float]  # sigmas at which the held-out x0 error is taken
    locator_steps: int  # training steps of the embedded hand locator


class GateRule(BaseModel, frozen=True, extra="forbid"):
    """One promotion rule on one metric. A missing or NaN metric refuses."""

    metric: str
    floor: float | None = None  # absolute: at least (higher is better) or at most (lower is better)
    allowed_regression: float | None = None  # against the champion, in the metric's units; None: not compared


class GateConfig(BaseModel, frozen=True, extra="forbid"):
    """conf/gate/*.yaml: rules are data. They decide the promotion decision only, no step before it."""

    rules: list[GateRule]
    must_improve: str | None  # this metric must be better than the champion's with `confidence`
    confidence: float = 0.9  # paired bootstrap
    bootstrap_samples: int = 2000
    # False: a passing challenger waits for an approver
    automatic: Annotated[bool, DoesNotDecide("who promotes what passed, not whether it passes")] = True


class Metric(BaseModel, frozen=True, extra="forbid"):
    """One number with what it takes to read it. Stand-ins say so in their name."""

    name: str
    value: float | None  # None: could not be computed, `note` says why
    unit: str
    direction: Direction
    version: int
    per_clip: dict[str, float] = {}
    note: str = ""


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
