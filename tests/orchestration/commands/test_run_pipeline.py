"""`graspline run` over a small graph: a step that fails, is refused or interrupted says so in its own words."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import dagster as dg
import pytest

from evaluation.contracts import Decision
from orchestration.commands.run_pipeline import (
    Pipeline,
    StepFailedError,
    StepInterruptedError,
    run_pipeline,
    until_not_overtaken,
)
from orchestration.configuration.load_config import load_config
from orchestration.definitions import build_definitions
from orchestration.steps.display import PlainDisplay
from orchestration.steps.receipts import Receipts
from orchestration.steps.retraining import ID

ROOT = Path(__file__).parents[3]
RUNS: list[str] = []


class Mood(dg.ConfigurableResource):
    """What goes wrong in this test."""

    wrong: str = ""


@dg.asset(check_specs=[dg.AssetCheckSpec("clips_are_valid", asset="batch", blocking=True)])
def batch(mood: Mood) -> dg.MaterializeResult:
    """Fails as its mood says."""
    if mood.wrong == "value":
        try:
            raise KeyError("fps")
        except KeyError as error:
            raise ValueError("clip 3: no frame rate\ngive one in data.csv") from error
    if mood.wrong == "signal":
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()
    check = dg.AssetCheckResult(
        passed=mood.wrong != "check", check_name="clips_are_valid", description="clip 7 | boxes"
    )
    return dg.MaterializeResult(check_results=[check])


@dg.asset(deps=[batch])
def below() -> None:
    """Must not run behind a failure."""
    RUNS.append("below")


def materialise(mood: str) -> dg.DagsterInstance:
    RUNS.clear()
    definitions = dg.Definitions(
        assets=[batch, below],
        jobs=[dg.define_asset_job("retrain")],
        resources={"mood": Mood(wrong=mood)},
        executor=dg.in_process_executor,
    )
    instance = dg.DagsterInstance.ephemeral()
    Pipeline(definitions, instance).materialise([batch.key, below.key])
    return instance


def test_a_good_run_reaches_the_bottom() -> None:
    instance = materialise("")
    assert RUNS == ["below"]
    assert instance.get_latest_materialization_event(dg.AssetKey("below")) is not None


def test_a_failed_step_is_named_with_its_own_message() -> None:
    with pytest.raises(StepFailedError, match=r"^batch: clip 3: no frame rate\ngive one in data\.csv$"):
        materialise("value")
    assert RUNS == []


def test_a_blocking_check_stops_what_is_below() -> None:
    with pytest.raises(StepFailedError, match=r"batch, clips_are_valid: clip 7 \| boxes"):
        materialise("check")
    assert RUNS == []


def test_an_interrupted_step_says_so() -> None:
    with pytest.raises(StepInterruptedError, match="batch: interrupted"):
        materialise("signal")
    assert RUNS == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "networ=tiny"], "graspline: networ=tiny: unknown key, did you mean network?"),
        (["run", "experiment=released_demo"], "graspline: data.path is required and has no default"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line(arguments: list[str], says: str) -> None:
    command = [sys.executable, "-c", "from orchestration.commands.main import app; app()", *arguments]
    told = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "400"}
    )
    assert told.returncode == 1
    assert told.stderr.strip().splitlines()[-1].startswith(says)
    assert "Traceback" not in told.stderr


class Recorded:
    """What a run materialises: [(assets' names, batch)], and the arrivals that the line was told of last."""

    def __init__(self, refuses: dict[str, StepFailedError]) -> None:
        self.refuses, self.rows, self.arrivals = refuses, list[tuple[str, str | None]](), list[list[str] | None]()

    def materialise(self, pipeline: Pipeline, assets: Sequence[dg.AssetKey], batch: str | None = None) -> None:
        self.rows.append((assets[0].to_user_string(), batch))
        if batch is None:
            self.arrivals.append(pipeline.definitions.resources["line"].arrivals)
        if batch == "b_arrived" and assets[0].to_user_string() == "encoded_batch":
            arrive("late")
        if batch in self.refuses and len(self.rows) < 9:
            raise self.refuses[batch]


def arrive(*batches: str) -> None:
    for name in batches:
        Path(f"datasets/raw/{name}").mkdir(parents=True)
        Path(f"datasets/raw/{name}/manifest.jsonl").touch()


@pytest.fixture
def run(project: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[dict[str, str], Recorded]]:
    """A run over two ordered batches and two that arrived, with recorded steps."""

    def start(**refuses: StepFailedError) -> tuple[dict[str, str], Recorded]:
        recorded = Recorded(refuses)
        monkeypatch.setattr(Pipeline, "materialise", lambda *given: recorded.materialise(*given))
        monkeypatch.setattr(dg.DagsterInstance, "get", dg.DagsterInstance.ephemeral)
        return run_pipeline(["experiment=smoke", "data.train_on_arrivals=true"], PlainDisplay()).refused, recorded

    arrive("a_arrived", "b_arrived")
    return start


def test_a_run_works_on_the_batches_it_began_with(run: Callable[..., tuple[dict[str, str], Recorded]]) -> None:
    refused, recorded = run()
    assert refused == {}
    every = ["smoke_train", "a_arrived", "b_arrived", "smoke_held_out"]
    assert recorded.rows[:4] == [("raw_batch", name) for name in every]
    assert recorded.rows[5:9] == [("encoded_batch", name) for name in every]
    assert Path("datasets/raw/late").exists(), "it arrived meanwhile"
    assert recorded.arrivals[-1] == ["a_arrived", "b_arrived"]


def test_a_refused_arrival_leaves_the_others_alone(run: Callable[..., tuple[dict[str, str], Recorded]]) -> None:
    refused, recorded = run(a_arrived=StepFailedError("raw_batch: manifest.jsonl line 3: not JSON"))
    assert refused == {"a_arrived": "raw_batch: manifest.jsonl line 3: not JSON"}
    assert ("encoded_batch", "a_arrived") not in recorded.rows
    assert recorded.arrivals == [["b_arrived"], ["b_arrived"]]


@pytest.mark.parametrize(
    ("batch", "error"),
    [
        ("smoke_train", StepFailedError("raw_batch: no room left")),
        ("a_arrived", StepInterruptedError("raw_batch: interrupted; the next run continues")),
    ],
)
def test_an_ordered_batch_or_a_signal_stops_the_run(
    run: Callable[..., tuple[dict[str, str], Recorded]], batch: str, error: StepFailedError
) -> None:
    with pytest.raises(StepFailedError, match=str(error)):
        run(**{batch: error})


@pytest.mark.parametrize(("judged_against", "asked"), [("a former champion", 2), (None, 1)])
def test_a_run_whose_champion_changed_meanwhile_judges_again(
    project: Path, monkeypatch: pytest.MonkeyPatch, judged_against: str | None, asked: int
) -> None:
    """Nobody reigns here, so a decision against somebody is about another day."""
    calls: list[list[str]] = []

    def materialise(_pipeline: Pipeline, assets: Sequence[dg.AssetKey], _batch: str | None = None) -> None:
        calls.append([asset.to_user_string() for asset in assets])
        if len(calls) == 1:
            raise StepFailedError("champion: the champion changed meanwhile")

    monkeypatch.setattr(Pipeline, "materialise", materialise)
    decision = Decision(passed=True, reasons=[], challenger_digest="c", champion_digest=judged_against, exam_digest="e")
    Receipts(load_config(), "this run").write(decision, "promotion_decision")
    pipeline = Pipeline(build_definitions(PlainDisplay()), dg.DagsterInstance.ephemeral(), {ID: "this run"})
    every = [dg.AssetKey("stage_one"), dg.AssetKey("promotion_decision"), dg.AssetKey("champion")]
    if asked == 1:
        with pytest.raises(StepFailedError, match="changed meanwhile"):
            until_not_overtaken(pipeline, every, (), PlainDisplay())
    else:
        until_not_overtaken(pipeline, every, (), PlainDisplay())
        assert calls[-1] == ["promotion_decision", "champion"], "trained and registered is it already"
    assert len(calls) == asked
