"""`graspline run` over a small graph: a step that fails, is refused or interrupted says so in its own words."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from orchestration.commands.run_pipeline import Pipeline, StepFailedError

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
    with pytest.raises(StepFailedError, match="batch: interrupted"):
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
