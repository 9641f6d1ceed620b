"""`graspline run`: materialise the whole graph, batch by batch, then everything that is made of all batches."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import dagster as dg
from dagster_shared.error import SerializableErrorInfo

from data.sources.arrived import misnamed_arrivals
from evaluation.contracts import Decision
from foundation.plain_faults import OURS, explained
from orchestration.assets import BATCHES
from orchestration.commands.dagster_instance import open_instance
from orchestration.commands.plain_errors import ReportedError, is_ours
from orchestration.configuration.load_config import load_config
from orchestration.definitions import build_definitions
from orchestration.registry.succession import Succession
from orchestration.steps.data_steps import arrivals_of, batches_of, held_batches
from orchestration.steps.receipts import Receipts
from orchestration.steps.retraining import ID, Retraining, begin_retraining
from orchestration.steps.step import Display, StepContext

FRAME = re.compile(r'File "(?P<file>[^"]+)", line \d+.*\n\s*(?P<code>.*)')
INTERRUPTED = "interrupted; the next run continues"
CHAMPION = dg.AssetKey("champion")
SILENT = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class StepFailedError(ReportedError):
    """A step failed; the message is the step's own, the asset is red, nothing below it was touched."""


class StepInterruptedError(StepFailedError):
    """A signal stopped the run."""


@dataclass(frozen=True)
class Pipeline:
    """The graph, an instance to record into, and one way to materialise a part of it."""

    definitions: dg.Definitions
    instance: dg.DagsterInstance
    tags: Mapping[str, str] = field(default_factory=dict)  # of every Dagster run: which retraining it is a part of

    def materialise(self, assets: Sequence[dg.AssetKey], batch: str | None = None) -> None:
        """Materialise some assets, of one batch where they are partitioned.

        Raises:
            StepFailedError: a step or a blocking check failed.
        """
        job = "retrain" if batch is None else "ingest_batch"
        result = self.definitions.resolve_job_def(job).execute_in_process(
            run_config=SILENT,
            tags=dict(self.tags),
            instance=self.instance,
            partition_key=batch,
            asset_selection=assets,
            raise_on_error=False,
        )
        if not result.success:
            raise _why(result)

    def prepare(self, batch: str) -> None:
        """Deliver, prepare and validate one batch.

        Raises:
            StepFailedError: it cannot be delivered or prepared, or it is not valid.
        """
        self.materialise(next(self.phases()), batch)

    def phases(self) -> Iterator[list[dg.AssetKey]]:
        """The assets in the order of the flow: what is made of each batch, what of all batches, and so on in turn."""
        graph = self.definitions.resolve_asset_graph()
        waiting, of_a_batch = list(graph.toposorted_asset_keys), True
        while waiting:
            later = {key for key in waiting if graph.get(key).is_partitioned is not of_a_batch}
            ready = [key for key in waiting if key not in later and not graph.get_ancestor_asset_keys(key) & later]
            yield ready
            waiting, of_a_batch = [key for key in waiting if key not in ready], not of_a_batch


class Outcome(NamedTuple):
    """What came of a run."""

    refused: dict[str, str]  # arrived batch -> why
    receipts: Receipts  # of what it made or found made


def run_pipeline(overrides: Sequence[str], display: Display) -> Outcome:
    """Everything from the ordered batches to the champion, for one configuration.

    It works on the batches that are there when it begins, and holds them: a run at the same time that orders one of
    them otherwise waits. An arrived one that is refused leaves the others alone.

    Raises:
        StepFailedError: a step failed or an ordered batch was refused.
    """
    config, retraining = load_config(overrides), begin_retraining(overrides)
    arrivals = arrivals_of(config.data)
    batches = batches_of(config.data, arrivals)
    pipeline = open_pipeline(retraining, batches, display)
    with held_batches(StepContext(config, display.log, retraining=retraining), batches):
        refused = _all_phases(pipeline, overrides, batches, arrivals, display)
    return Outcome(refused, Receipts(config, retraining.id))


def _all_phases(
    pipeline: Pipeline, overrides: Sequence[str], batches: Sequence[str], arrivals: Sequence[str], display: Display
) -> dict[str, str]:
    refused = dict[str, str]()
    for number, assets in enumerate(pipeline.phases()):
        taken_in = [batch for batch in arrivals if batch not in refused]
        if number % 2:
            told = replace(pipeline, definitions=build_definitions(display, overrides, taken_in))
            until_not_overtaken(told, assets, overrides, display)
            continue
        for batch in [batch for batch in batches if batch not in refused]:
            try:
                pipeline.materialise(assets, batch)
            except StepFailedError as error:
                if batch not in arrivals or isinstance(error, StepInterruptedError):
                    raise
                refused[batch] = str(error)
    return refused


def until_not_overtaken(
    pipeline: Pipeline, assets: Sequence[dg.AssetKey], overrides: Sequence[str], display: Display
) -> None:
    """Where another run made its model champion between this one's judgement and its promotion, judge again."""
    while True:
        try:
            return pipeline.materialise(assets)
        except StepInterruptedError:
            raise
        except StepFailedError:
            receipts = Receipts(load_config(overrides), pipeline.tags[ID])
            if CHAMPION not in assets or not _is_overtaken(receipts):
                raise
            display.log("warning: the champion changed meanwhile, the candidate is held against the new one")
            assets = [dg.AssetKey("promotion_decision"), CHAMPION]


def _is_overtaken(receipts: Receipts) -> bool:
    """Whether this run's candidate was held against a model that is not champion any more."""
    decision = receipts.previous("promotion_decision")
    if not isinstance(decision, Decision):
        return False
    champion = Succession(receipts.config.tracking).look().champion
    return decision.champion_digest != (champion[0] if champion else None)


def open_pipeline(retraining: Retraining, batches: Sequence[str], display: Display) -> Pipeline:
    """The graph for one retraining, its batches known to Dagster; deliveries that it leaves out are named."""
    for line in misnamed_arrivals():
        display.log(line)
    instance = open_instance()
    instance.add_dynamic_partitions(str(BATCHES.name), list(batches))
    return Pipeline(build_definitions(display, retraining.overrides), instance, retraining.tags())


def _why(result: dg.ExecuteInProcessResult) -> StepFailedError:
    """What failed: a blocking check with what it saw, or a step with its own message."""
    refused = [check for check in result.get_asset_check_evaluations() if check.blocking and not check.passed]
    if refused:
        told = (f"{check.asset_key.to_user_string()}, {check.check_name}: {check.description}" for check in refused)
        return StepFailedError("; ".join(told))
    for event in result.all_events:
        if event.is_step_failure:
            message, trace = _message(event.step_failure_data.error)
            kind = StepInterruptedError if message == INTERRUPTED else StepFailedError
            return kind(f"{event.step_key}: {message}", trace)
    return StepFailedError("the run failed without a failed step: see the Dagster UI (`graspline ui`)")


def _message(error: SerializableErrorInfo | None) -> tuple[str, str]:
    """What the step raised, without Dagster's wrapping and without what that was raised from.

    Where no line of ours raised it on purpose: in plain words, and its stack trace.
    """
    while error is not None and error.cause is not None and (error.cls_name or "").startswith("Dagster"):
        error = error.cause
    if error is None:
        return "no message", ""
    if error.cls_name == dg.DagsterExecutionInterruptedError.__name__:
        return INTERRUPTED, ""
    kind, _, message = error.message.strip().partition(": ")
    return (message or kind, "") if _is_foreseen(error) else (explained(kind, message), error.to_string())


def _is_foreseen(error: SerializableErrorInfo) -> bool:
    frame = FRAME.search(error.stack[-1]) if error.stack else None
    kind = (error.cls_name or "").rpartition(".")[2]
    return kind in OURS and frame is not None and is_ours(frame["file"]) and frame["code"].startswith("raise")
