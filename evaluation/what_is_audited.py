"""What an audit of the judge is given: a model, its measured values, and the judge's own configuration."""

from pydantic import BaseModel

from evaluation.contracts import EvaluationConfig, EvaluationReport, GateConfig, GeneratedSamples
from foundation.bounds import Count, Seed
from model.contracts import RgbArtifact, TrainingSet


class Audited(BaseModel, frozen=True, extra="forbid"):
    """The judge as configured, and a real model to plant effects into."""

    gate: GateConfig
    evaluation: EvaluationConfig  # the exam as promotions hold it
    artifact: RgbArtifact
    training_set: TrainingSet
    samples: GeneratedSamples  # of the open exam, with more seeds a clip than a promotion has
    report: EvaluationReport  # on them
    gates: Count  # how many are held for each rate
    seed: Seed  # of what is drawn
