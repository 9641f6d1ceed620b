"""Every file under conf/ composes and validates; every mistake is one message that names the key and the fix."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from foundation.by_name import choices
from orchestration.configuration.load_config import CONF, PipelineConfig, load_config, load_sections, valid_keys

GROUPS = sorted(PipelineConfig.model_fields)
CHOICES = [(group, file.stem) for group in GROUPS for file in sorted((CONF / group).glob("*.yaml"))]
SOURCES = choices("data.sources")
EXPERIMENTS = sorted(file.stem for file in (CONF / "experiment").glob("*.yaml"))
FOLDER = "data.path=/deliveries/one"


@cache
def composed(*overrides: str) -> PipelineConfig:
    """Composed once, however many tests look at it; a file of one group alone need not agree with the others."""
    return load_sections(overrides)


def base_of(group: str, choice: str) -> str | None:
    """The file of its group that a file changes values of."""
    defaults = yaml.safe_load((CONF / group / f"{choice}.yaml").read_text()).get("defaults", [])
    assert defaults in ([], [*defaults[:1], "_self_"]), "a base and the file itself"
    return defaults[0] if defaults else None


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Dotted keys and their values."""
    pairs: dict[str, Any] = {}
    for key, value in values.items():
        pairs |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return pairs


def folder_of(file: Path) -> list[str]:
    """What the person says beside a file that leaves `path` to them."""
    return [FOLDER] if "path: ???" in file.read_text() else []


WHOLE = [(group, choice) for group, choice in CHOICES if base_of(group, choice) is None]
CHANGED = [(group, choice) for group, choice in CHOICES if base_of(group, choice)]


def model_of(group: str) -> type[BaseModel]:
    model = PipelineConfig.model_fields[group].annotation
    assert model is not None
    assert issubclass(model, BaseModel)
    return model


def test_conf_holds_the_groups_and_nothing_else() -> None:
    assert sorted(path.name for path in CONF.iterdir()) == sorted([*GROUPS, "experiment", "pipeline.yaml"])
    defaults = yaml.safe_load((CONF / "pipeline.yaml").read_text())["defaults"]
    named = [next(iter(entry)) for entry in defaults if isinstance(entry, dict)]
    assert sorted(named) == sorted([*GROUPS, "experiment"]), "the defaults list is the table of contents"


def test_the_defaults_validate() -> None:
    config = composed()
    assert load_config() == config, "the sections agree"
    assert PipelineConfig.model_validate(config.as_dict()) == config, "config.yaml must read back as what was ordered"


@pytest.mark.parametrize(("group", "choice"), CHOICES)
def test_every_choice_of_a_group_composes(group: str, choice: str) -> None:
    file = CONF / group / f"{choice}.yaml"
    assert isinstance(getattr(composed(f"{group}={choice}", *folder_of(file)), group), model_of(group))


@pytest.mark.parametrize(("group", "choice"), WHOLE)
def test_a_file_without_a_base_is_complete_in_itself(group: str, choice: str) -> None:
    file = CONF / group / f"{choice}.yaml"
    values = yaml.safe_load(file.read_text())
    if folder_of(file):
        values["path"] = "/deliveries/one"
    assert model_of(group).model_validate(values) == getattr(composed(f"{group}={choice}", *folder_of(file)), group)


@pytest.mark.parametrize("group", ["network", "recipe", "data"])
def test_what_is_read_without_hydra_has_no_base(group: str) -> None:
    """Parity and benchmarks read presets, `graspline data prepare` reads data files, with a YAML reader alone."""
    assert not [choice for of, choice in CHANGED if of == group]


@pytest.mark.parametrize(("group", "choice"), CHANGED)
def test_a_file_with_a_base_says_only_what_differs(group: str, choice: str) -> None:
    said = flat(yaml.safe_load((CONF / group / f"{choice}.yaml").read_text()))
    base = flat(getattr(composed(f"{group}={base_of(group, choice)}"), group).model_dump())
    assert len(said) > 1, "an empty file would be its base"
    assert not [key for key, value in said.items() if key != "defaults" and base.get(key, ...) == value]


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_composes_and_changes_something(experiment: str) -> None:
    said = f"experiment={experiment}"
    folder = [FOLDER] if load_needs_a_folder(said) else []
    assert load_config([said, *folder]) != composed(), "and its sections agree"


def load_needs_a_folder(said: str) -> bool:
    try:
        composed(said)
    except ValueError as error:
        return "data.path" in str(error)
    return False


def test_the_folder_reaches_the_batches_that_read_one() -> None:
    order = composed("experiment=released_demo", FOLDER).data.batches["released_demo"]
    assert order.source == "released_csv"
    assert order.path == "/deliveries/one"


def test_a_value_that_no_file_says_can_be_set() -> None:
    said = yaml.safe_load((CONF / "data/studio.yaml").read_text())
    assert "held_out_is_trained_on" not in said, "its model gives the default"
    assert load_config(["data.held_out_is_trained_on=true"]).data.held_out_is_trained_on


def test_a_batch_of_ones_own_name_can_be_ordered() -> None:
    config = load_config(["+data.batches.march={source: studio, seed: 3, clips: 2}", "data.train_batches=[march]"])
    assert config.data.batches["march"].model_dump(exclude_defaults=True) == {"source": "studio", "seed": 3, "clips": 2}


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        (["training.stage_one.stepz=5"], "unknown key, did you mean training.stage_one.steps?"),
        (["networ=tiny"], "networ=tiny: unknown key, did you mean network?"),
        (["network=tinny"], "network=tinny: conf/network has tiny, wan_s2v_14b"),
        (["experiment=wurst"], f"experiment=wurst: conf/experiment has {', '.join(EXPERIMENTS)}"),
        (["experiment=released_demo"], "data.path is required and has no default: say data.path=VALUE"),
        (["training.stage_one.steps=many"], "training.stage_one.steps: Input should be a valid integer"),
        (["training.stage_one.steps=0"], "training.stage_one.steps: Input should be greater than or equal to 1"),
        (["deepspeed.zero_stage=7"], "deepspeed.zero_stage: Input should be 0, 1, 2 or 3"),
        (["+network.layerz=3"], "network.layerz: Extra inputs are not permitted, did you mean network.layers?"),
        (["data.batches.studio_train.clipz=3"], "unknown key, did you mean data.batches.studio_train.clips?"),
        (["data.batches.studio_train.source=film"], f"'film' is none of {', '.join(SOURCES)}"),
        (["data.batches.studio_train.source=studios"], "studio_train.source: 'studios' is none of"),
        (["data.batches.studio_train.source=studios"], "did you mean studio?"),
        (["+data.batches.studio_train.clipz=3"], "clipz: Extra inputs are not permitted, did you mean data.batches."),
        (
            ["gate=default", "gate.improvement=null"],
            "gate.improvement=null: unknown key, did you mean gate.improvements?",
        ),
        (["data.batches.studio_train.person_id=x"], "add it with +data.batches.studio_train.person_id=x"),
        (["data.batches.studio_tren.clips=3"], "add it with +data.batches.studio_tren.clips=3"),
        (["~gate"], "gate: Field required"),
        (["steps"], "did you mean"),
    ],
)
def test_a_mistake_is_named_with_its_fix(overrides: list[str], says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)) as caught:
        load_config(overrides)
    assert "\n" not in str(caught.value), "one line a person can read"


def test_valid_keys_are_what_the_defaults_hold() -> None:
    """So that a hint never names a key that does not exist."""
    keys = valid_keys(PipelineConfig)
    assert {"training.stage_one.steps", "data.batches.NAME.clips", "gate.rules.metric"} < set(keys)
    assert len(keys) == len(set(keys))
