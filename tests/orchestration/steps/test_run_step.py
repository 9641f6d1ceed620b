"""A run folder is named by all that its result depends on: the same order finds it, a changed one starts another."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import BaseModel

from foundation.child_process import ChildFailedError
from foundation.digests import folder_digest
from orchestration.load_config import PipelineConfig, load_config
from orchestration.steps.run_step import CODE_VERSION, Order, run_step
from orchestration.steps.work import Work

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
    run.finish({"file": str(run.path / "made.txt"), "steps": steps})
"""


class Thing(BaseModel, frozen=True, extra="forbid"):
    """What the step of these tests makes."""

    file: str
    steps: int


@pytest.fixture(scope="module")
def config() -> PipelineConfig:
    return load_config()


@pytest.fixture
def work(project: Path, config: PipelineConfig) -> Work:
    (project / "step.py").write_text(STEP)
    return Work(config, say=lambda _line: None)


@pytest.fixture
def order() -> Order:
    return Order("thing", ["step.py"], ["sampling", "training.stage_one"], {"parent": "p"}, {"parent": "p"})


def unchanged(thing: Thing) -> bool:
    """Like a real step's: False where its file is gone, ValueError where another text stands in it."""
    file = Path(thing.file)
    if file.exists() and not file.read_text().startswith(f"{thing.steps} steps"):
        raise ValueError(f"{file} changed since it was made: remove it and run again")
    return file.exists()


def with_value(config: PipelineConfig, section: str, **values: object) -> PipelineConfig:
    changed = getattr(config, section).model_copy(update=values)
    return config.model_copy(update={section: changed})


def test_the_same_order_is_done_once(work: Work, order: Order) -> None:
    first = run_step(work, order, Thing, unchanged)
    Path("step.py").write_text("raise SystemExit('must not run')")
    second = run_step(work, order, Thing, unchanged)
    assert (first.reused, second.reused) == (False, True)
    assert first.receipt == second.receipt


def test_what_is_gone_is_made_again(work: Work, order: Order) -> None:
    said: list[str] = []
    made = run_step(work, order, Thing, unchanged).receipt
    assert isinstance(made, Thing)
    Path(made.file).unlink()
    again = run_step(replace(work, say=said.append), order, Thing, unchanged)
    assert not again.reused
    assert Path(made.file).exists()
    assert "is gone, running it again" in said[0]


def test_what_was_changed_is_named_and_left_alone(work: Work, order: Order) -> None:
    made = run_step(work, order, Thing, unchanged).receipt
    assert isinstance(made, Thing)
    Path(made.file).write_text("edited by hand")
    with pytest.raises(ValueError, match=r"made\.txt changed since it was made: remove it and run again"):
        run_step(work, order, Thing, unchanged)
    assert Path(made.file).read_text() == "edited by hand"


def test_a_failed_step_continues_in_its_folder(work: Work, order: Order) -> None:
    Path("broken").touch()
    with pytest.raises(ChildFailedError, match="ValueError: shard 00001 is damaged: encode its batch again"):
        run_step(work, order, Thing, unchanged)
    Path("broken").unlink()
    assert not run_step(work, order, Thing, unchanged).reused
    assert len(list(Path("runs").iterdir())) == 1


def test_a_failure_is_not_hidden_by_an_older_result(work: Work, order: Order) -> None:
    made = run_step(work, order, Thing, unchanged).receipt
    assert isinstance(made, Thing)
    Path(made.file).unlink()
    Path("broken").touch()
    with pytest.raises(ChildFailedError, match="damaged"):
        run_step(work, order, Thing, unchanged)


def test_a_folder_in_use_is_refused_with_its_owner(work: Work, order: Order) -> None:
    folder = order.folder(work.config)
    folder.order(work.config.as_dict(), {"parent": "p"})
    with folder.held(), pytest.raises(ChildFailedError, match=r"run folder .* is in use by process \d+"):
        run_step(work, order, Thing, unchanged)
    assert not run_step(work, order, Thing, unchanged).reused


def test_the_child_gets_its_inputs_and_environment(work: Work, order: Order) -> None:
    Path("step.py").write_text(
        STEP.replace('"steps": steps', '"steps": int(__import__("os").environ["OMP_NUM_THREADS"])')
    )
    ordered = replace(order, inputs={"parent": Thing(file="f", steps=9)}, environment={"OMP_NUM_THREADS": "7"})
    made = run_step(work, ordered, Thing, lambda _thing: True).receipt
    assert isinstance(made, Thing)
    assert made.steps == 7
    assert "{'file': 'f', 'steps': 9}" in Path(made.file).read_text()


@pytest.mark.parametrize(
    ("section", "values", "moves"),
    [
        ("sampling", {"steps": 99}, True),
        ("sampling", {"guidance": 0.5}, True),
        ("network", {"dim": 8}, False),
        ("gate", {"confidence": 0.5}, False),
        ("training", {"checkpoint_every_steps": 12345}, False),  # only training.stage_one is named
    ],
)
def test_a_changed_value_starts_another_run(
    config: PipelineConfig, order: Order, section: str, values: dict[str, object], moves: bool
) -> None:
    changed = with_value(config, section, **values)
    assert changed != config
    assert (order.folder(changed).path != order.folder(config).path) is moves


def test_a_nested_section_counts(config: PipelineConfig, order: Order) -> None:
    stage = config.training.stage_one.model_copy(update={"steps": 12345})
    assert order.folder(with_value(config, "training", stage_one=stage)).path != order.folder(config).path


def test_another_parent_starts_another_run_and_inputs_alone_do_not(config: PipelineConfig, order: Order) -> None:
    here = order.folder(config).path
    assert replace(order, parents={"parent": "q"}).folder(config).path != here
    assert replace(order, parents={"parent": None}).folder(config).path != here
    assert replace(order, inputs={"parent": "a receipt with another path"}).folder(config).path == here


def test_the_name_is_the_same_in_every_process(config: PipelineConfig) -> None:
    """No dict order, no hash seed: a resumed run must find its folder."""
    order = Order("thing", [], [], {"b": "2", "a": "1"}, {})
    text = f'{{"code": "{CODE_VERSION}", "parents": {{"a": "1", "b": "2"}}, "sections": {{}}}}'
    assert order.folder(config).path == Path("runs") / f"thing-{hashlib.sha256(text.encode()).hexdigest()[:10]}"


def test_data_that_is_another_version_is_not_worked_on(work: Work, order: Order) -> None:
    Path("clips").mkdir()
    Path("clips/shard").write_text("as encoded")
    pinned = replace(order, pinned={"clips": folder_digest(Path("clips"))})
    Path("clips/shard").write_text("touched")
    with pytest.raises(ValueError, match=r"thing is pinned to version .* of clips, which is another one now"):
        run_step(work, pinned, Thing, unchanged)
    assert not pinned.folder(work.config).path.exists()


def test_a_result_of_data_that_changed_meanwhile_does_not_count(work: Work, order: Order) -> None:
    Path("clips").mkdir()
    Path("clips/shard").write_text("as encoded")
    pinned = replace(order, pinned={"clips": folder_digest(Path("clips"))})
    Path("step.py").write_text(STEP + "Path('clips/shard').write_text('touched')")
    with pytest.raises(ValueError, match="leave datasets/ alone while it is worked on, and run again"):
        run_step(work, pinned, Thing, unchanged)
    assert pinned.folder(work.config).result() is None
    Path("clips/shard").write_text("as encoded")
    Path("step.py").write_text(STEP)
    assert run_step(work, pinned, Thing, unchanged).reused is False
