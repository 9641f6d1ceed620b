"""The steps of an ablation: its data, every arm trained with every seed, each measured on the open exam, the cost.

Each step runs in a run folder named by what decides it, like those of the line: what is there is reused, what was
interrupted goes on. The line's own receipts stay as they are, and nothing is exported or registered.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from pydantic import BaseModel

from data.contracts import PreparedBatch, RawBatch
from evaluation.ablation.arms import arm_network
from evaluation.ablation.contracts import AblationCost, ArmResult
from evaluation.recognisers.receipt import FittedRecognisers
from foundation.code_digest import code_digest
from model.contracts import Ablation, EncodedBatch, Encoders, TrainedStage, TrainingSet
from orchestration.checks import results_of
from orchestration.configuration.load_config import PipelineConfig
from orchestration.steps import data_steps, model_steps
from orchestration.steps.run_step import StepRequest, run_step
from orchestration.steps.step import Display, StepContext, StepResult

EVALUATE_ARM, COST, TOOLS = (
    "evaluation.ablation.evaluate_arm",
    "evaluation.ablation.cost",
    "evaluation.ablation.fit_tools",
)
Receipt = TypeVar("Receipt", bound=BaseModel)
STAGE_TWO_SEED = 1000  # stage two's seed is so much higher: its noise is not stage one's again


@dataclass(frozen=True)
class AblationData:
    """What all arms learn from and are measured with."""

    encoders: Encoders
    training_set: TrainingSet
    tools: FittedRecognisers


def run_ablation(config: PipelineConfig, display: Display) -> tuple[list[ArmResult], AblationCost]:
    """Everything that the table is made of; what was done before is reused.

    Raises:
        ValueError: a batch is refused, or a finished run was changed.
        ChildFailedError: a step failed.
    """
    data = _data(config, display)
    step, request = StepContext(config, display.log), cost_request(config)
    cost = _shown(display, ("cost_of_the_arms", None), AblationCost, lambda: run_step(step, request, AblationCost))
    # seed by seed: an interrupted one has all arms of the seeds that are done
    pairs: list[tuple[Ablation, int]] = [(arm, seed) for seed in config.ablation.seeds for arm in config.ablation.arms]
    results = [
        _arm(arm_config(config, arm, seed), data, display, f"{place}/{len(pairs)}: {arm}, seed {seed}")
        for place, (arm, seed) in enumerate(pairs, start=1)
    ]
    return results, cost


def arm_config(config: PipelineConfig, arm: Ablation, seed: int) -> PipelineConfig:
    """The configuration of one arm, trained with one seed: only what the arm leaves out differs."""
    network, recipe = arm_network(arm, config.network, config.recipe)
    training = config.training
    stages = {
        "stage_one": training.stage_one.model_copy(update={"seed": seed}),
        "stage_two": training.stage_two.model_copy(update={"seed": seed + STAGE_TWO_SEED}),
    }
    marked = training.model_copy(update={**stages, "ablation": arm})
    return config.model_copy(update={"network": network, "recipe": recipe, "training": marked})


def _arm(config: PipelineConfig, data: AblationData, display: Display, label: str) -> ArmResult:
    step, clips = StepContext(config, display.log), data.training_set
    first = _shown(display, ("stage_one", label), TrainedStage, lambda: model_steps.stage_one(step, clips))
    second = _shown(display, ("stage_two", label), TrainedStage, lambda: model_steps.stage_two(step, clips, first))
    request = arm_request(config, data, second)
    return _shown(display, ("evaluation", label), ArmResult, lambda: run_step(step, request, ArmResult))


def arm_request(config: PipelineConfig, data: AblationData, stage: TrainedStage) -> StepRequest:
    """One arm on the open exam."""
    held_out, read = data.training_set.held_out, [*data.training_set.held_out, *data.training_set.train]
    return StepRequest(
        name="ablation_arm",
        command=["-m", EVALUATE_ARM],
        code=code_digest(EVALUATE_ARM),
        sections={
            "network": config.network,
            "recipe": config.recipe,
            "encoding": config.encoding,
            "sampling": config.sampling,
            "evaluation": config.evaluation,
            "clip": config.data.clip,
        },
        parents={
            "stage_two": stage.weights_sha256,
            "held_out": data.training_set.held_out_digest,
            "train": data.training_set.train_digest,
            "encoders": data.encoders.digest,
            "tools": data.tools.digest,
        },
        inputs={
            "stage_two": stage,
            "training_set": data.training_set,
            "encoders": data.encoders,
            "recognisers": data.tools,
        },
        pinned=model_steps.versions(read) | model_steps.prepared(held_out),
    )


def cost_request(config: PipelineConfig) -> StepRequest:
    """What all arms cost, measured in one process."""
    sections = {
        "network": config.network,
        "recipe": config.recipe,
        "sampling": config.sampling,
        "clip": config.data.clip,
        "training": config.training.of_stage("stage_two"),
        "ablation": config.ablation,
    }
    return StepRequest("ablation_cost", ["-m", COST], code_digest(COST), sections, parents={}, inputs={})


def _data(config: PipelineConfig, display: Display) -> AblationData:
    """The batches, encoded, and what recognises things in them."""
    arrivals = data_steps.arrivals_of(config.data)
    step = StepContext(config, display.log, arrivals=tuple(arrivals))
    prepared = {name: _prepared(step, name, display) for name in data_steps.batches_of(config.data, arrivals)}
    encoders = _shown(display, ("encoders", None), Encoders, lambda: data_steps.encoders(step, prepared))
    encoded = {name: _encoded(step, batch, encoders, display) for name, batch in prepared.items()}
    training_set = data_steps.training_set(step, encoded).receipt
    assert isinstance(training_set, TrainingSet)
    request = tools_request(config, encoders, training_set)
    fitted = _shown(
        display, ("recognisers", None), FittedRecognisers, lambda: run_step(step, request, FittedRecognisers)
    )
    return AblationData(encoders, training_set, fitted)


def _prepared(step: StepContext, name: str, display: Display) -> PreparedBatch:
    of_batch = replace(step, batch=name)
    raw = _shown(display, ("raw_batch", name), RawBatch, lambda: data_steps.raw_batch(of_batch))
    prepared = _shown(
        display, ("prepared_batch", name), PreparedBatch, lambda: data_steps.prepared_batch(of_batch, raw)
    )
    for _, passed, message in results_of(prepared):
        if not passed:
            raise ValueError(f"batch {name} is refused: {message}")
    return prepared


def _encoded(step: StepContext, batch: PreparedBatch, encoders: Encoders, display: Display) -> EncodedBatch:
    of_batch = replace(step, batch=batch.batch)
    return _shown(
        display,
        ("encoded_batch", batch.batch),
        EncodedBatch,
        lambda: data_steps.encoded_batch(of_batch, batch, encoders),
    )


def tools_request(config: PipelineConfig, encoders: Encoders, training_set: TrainingSet) -> StepRequest:
    """What recognises hands, faces, mouths and products, fitted once for all arms."""
    first = training_set.train[:1]
    return StepRequest(
        name="ablation_tools",
        command=["-m", TOOLS],
        code=code_digest(TOOLS),
        sections={"evaluation": config.evaluation, "encoding": config.encoding, "clip": config.data.clip},
        parents={"encoders": encoders.digest, **model_steps.prepared(first)},
        inputs={"encoders": encoders, "training_set": training_set},
        pinned=model_steps.versions(first) | model_steps.prepared(first),
    )


def _shown(
    display: Display, name: tuple[str, str | None], kind: type[Receipt], make: Callable[[], StepResult]
) -> Receipt:
    """A step's receipt; the step and what it is about are shown while it is made."""
    display.begin(*name)
    result = make()
    display.end(result.reused)
    assert isinstance(result.receipt, kind)
    return result.receipt
