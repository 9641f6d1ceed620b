"""A run folder is named by all that its result depends on: the same order finds it, a changed one starts another."""

import hashlib
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from foundation.child_process import ChildFailedError
from foundation.digests import folder_digest
from orchestration.configuration.load_config import PipelineConfig, load_config
from orchestration.steps.run_step import StepRequest, run_step
from orchestration.steps.step import StepContext

STEP = """
import json, sys
from pathlib import Path
import yaml
from foundation.run_folder import RunFolder
run = RunFolder(Path(sys.argv[1]))
with run.held():
    steps = yaml.safe_load((run.path / "config.yaml").read_text())["sampling"]["steps"]
    parent = json.loads((run.path / "inputs.json").read_text())["parent"]
    if Path("broken").exists():
        raise ValueError("shard 00001 is damaged: encode its batch again")
    (run.path / "made.txt").write_text(f"{steps} steps from {parent}")
    print("progress 1/1 made")
    run.finish({"file": str(run.path / "made.txt"), "steps": steps, "run": str(run.path)})
"""


class Thing(BaseModel, frozen=True, extra="forbid"):
    """What the step of these tests makes."""

    file: str
    steps: int
    run: str


@pytest.fixture(scope="module")
def config() -> PipelineConfig:
    return load_config()


@pytest.fixture
def work(project: Path, config: PipelineConfig) -> StepContext:
    (project / "step.py").write_text(STEP)
    return StepContext(config, log=lambda _line: None)


@pytest.fixture
def step_request(config: PipelineConfig) -> StepRequest:
    return request_of(config)


def request_of(config: PipelineConfig) -> StepRequest:
    sections = {"sampling": config.sampling, "stage": config.training.stage_one}
    return StepRequest("thing", ["step.py"], "code", sections, {"parent": "p"}, {"parent": "p"})


def with_value(config: PipelineConfig, section: str, **values: object) -> PipelineConfig:
    changed = getattr(config, section).model_copy(update=values)
    return config.model_copy(update={section: changed})


def test_the_same_order_is_done_once(work: StepContext, step_request: StepRequest) -> None:
    first = run_step(work, step_request, Thing)
    Path("step.py").write_text("raise SystemExit('must not run')")
    second = run_step(work, step_request, Thing)
    assert (first.reused, second.reused) == (False, True)
    assert first.receipt == second.receipt


def test_what_is_gone_is_made_again(work: StepContext, step_request: StepRequest) -> None:
    said: list[str] = []
    made = run_step(work, step_request, Thing).receipt
    assert isinstance(made, Thing)
    Path(made.file).unlink()
    again = run_step(replace(work, log=said.append), step_request, Thing)
    assert not again.reused
    assert Path(made.file).exists()
    assert "is gone, running it again" in said[0]


@pytest.mark.parametrize("name", ["made.txt", "inputs.json", "config.yaml"])
def test_a_changed_file_is_named_and_left_alone(work: StepContext, step_request: StepRequest, name: str) -> None:
    run_step(work, step_request, Thing)
    file = step_request.folder.path / name
    file.write_text("edited by hand")
    with pytest.raises(ValueError, match=rf"{name} changed after the run was finished: remove runs/thing-\w+ and run"):
        run_step(work, step_request, Thing)
    assert file.read_text() == "edited by hand"


def test_an_edited_receipt_is_refused_until_its_folder_is_removed(work: StepContext, step_request: StepRequest) -> None:
    run_step(work, step_request, Thing)
    file = step_request.folder.path / "result.json"
    file.write_text(re.sub(r'"steps": \d+', '"steps": 99', file.read_text()))
    with pytest.raises(
        ValueError, match=r"result\.json was changed after it was written: remove runs/thing-\w+ and run"
    ):
        run_step(work, step_request, Thing)
    shutil.rmtree(step_request.folder.path)
    assert not run_step(work, step_request, Thing).reused


def test_a_step_reads_no_parent_that_is_not_what_its_run_left(work: StepContext, step_request: StepRequest) -> None:
    parent = run_step(work, step_request, Thing).receipt
    assert isinstance(parent, Thing)
    child = replace(step_request, name="child", inputs={"parent": parent})
    edited = replace(child, inputs={"parent": parent.model_copy(update={"steps": 99})})
    with pytest.raises(ValueError, match=r"runs/thing-\w+ is not finished, or left another result than is used here"):
        run_step(work, edited, Thing)
    made = Path(parent.file)
    text = made.read_text()
    made.write_text("edited")
    with pytest.raises(ValueError, match=r"made\.txt changed after the run was finished"):
        run_step(work, child, Thing)
    made.unlink()
    with pytest.raises(ValueError, match=r"made\.txt is gone: run again, which makes it anew"):
        run_step(work, child, Thing)
    made.write_text(text)
    assert not run_step(work, child, Thing).reused


def test_a_failed_step_continues_in_its_folder(work: StepContext, step_request: StepRequest) -> None:
    Path("broken").touch()
    with pytest.raises(ChildFailedError, match="ValueError: shard 00001 is damaged: encode its batch again"):
        run_step(work, step_request, Thing)
    Path("broken").unlink()
    assert not run_step(work, step_request, Thing).reused
    assert len(list(Path("runs").glob("thing-*"))) == 1


def test_a_failure_is_not_hidden_by_an_older_result(work: StepContext, step_request: StepRequest) -> None:
    made = run_step(work, step_request, Thing).receipt
    assert isinstance(made, Thing)
    Path(made.file).unlink()
    Path("broken").touch()
    with pytest.raises(ChildFailedError, match="damaged"):
        run_step(work, step_request, Thing)


def test_the_child_gets_its_inputs_and_environment(work: StepContext, step_request: StepRequest) -> None:
    Path("step.py").write_text(
        STEP.replace('"steps": steps', '"steps": int(__import__("os").environ["OMP_NUM_THREADS"])')
    )
    changed = replace(
        step_request, inputs={"parent": Thing(file="f", steps=9, run="")}, environment={"OMP_NUM_THREADS": "7"}
    )
    made = run_step(work, changed, Thing).receipt
    assert isinstance(made, Thing)
    assert made.steps == 7
    assert "{'file': 'f', 'steps': 9, 'run': ''}" in Path(made.file).read_text()


@pytest.mark.parametrize(
    ("section", "values", "moves"),
    [
        ("sampling", {"steps": 99}, True),
        ("sampling", {"guidance": 0.5}, True),
        ("network", {"dim": 8}, False),
        ("gate", {"level": 0.01}, False),
    ],
)
def test_a_changed_value_of_a_section_it_reads_starts_another_run(
    config: PipelineConfig, section: str, values: dict[str, object], moves: bool
) -> None:
    changed = with_value(config, section, **values)
    assert changed != config
    assert (request_of(changed).folder.path != request_of(config).folder.path) is moves


def test_the_child_sees_the_sections_that_count_and_no_other(work: StepContext, step_request: StepRequest) -> None:
    run_step(work, step_request, Thing)
    written = yaml.safe_load((step_request.folder.path / "config.yaml").read_text())
    assert set(written) == {"sampling", "stage"}
    with pytest.raises(KeyError, match="network"):
        step_request.folder.section("network", type(work.config.network))


def test_another_parent_or_code_starts_another_run_and_inputs_alone_do_not(step_request: StepRequest) -> None:
    here = step_request.folder.path
    assert replace(step_request, parents={"parent": "q"}).folder.path != here
    assert replace(step_request, parents={"parent": None}).folder.path != here
    assert replace(step_request, code="the loss was changed").folder.path != here
    assert replace(step_request, inputs={"parent": "a receipt with another path"}).folder.path == here


def test_the_name_is_the_same_in_every_process() -> None:
    """No dict order, no hash seed: a resumed run must find its folder."""
    request = StepRequest("thing", [], "c", {}, {"b": "2", "a": "1"}, {})
    text = '{"code": "c", "parents": {"a": "1", "b": "2"}, "sections": {}}'
    assert request.folder.path == Path("runs") / f"thing-{hashlib.sha256(text.encode()).hexdigest()[:10]}"


def test_data_that_is_another_version_is_not_worked_on(work: StepContext, step_request: StepRequest) -> None:
    Path("clips").mkdir()
    Path("clips/shard").write_text("as encoded")
    pinned = replace(step_request, pinned={"clips": folder_digest(Path("clips"))})
    Path("clips/shard").write_text("touched")
    with pytest.raises(ValueError, match=r"thing is pinned to version .* of clips, which is another one now"):
        run_step(work, pinned, Thing)
    assert not pinned.folder.path.exists()


def test_a_result_of_data_that_changed_meanwhile_does_not_count(work: StepContext, step_request: StepRequest) -> None:
    Path("clips").mkdir()
    Path("clips/shard").write_text("as encoded")
    pinned = replace(step_request, pinned={"clips": folder_digest(Path("clips"))})
    Path("step.py").write_text(STEP + "Path('clips/shard').write_text('touched')")
    with pytest.raises(ValueError, match="leave datasets/ alone while it is worked on, and run again"):
        run_step(work, pinned, Thing)
    assert pinned.folder.result() is None
    Path("clips/shard").write_text("as encoded")
    Path("step.py").write_text(STEP)
    assert run_step(work, pinned, Thing).reused is False
