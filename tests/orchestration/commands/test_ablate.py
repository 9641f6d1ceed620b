"""A budget is a file of conf/ablation; what a person adds counts last; what comes out can be opened."""

import re
from pathlib import Path

import pytest
from PIL import Image

from evaluation.ablation.contracts import FEWEST_SEEDS
from orchestration.commands.ablate import ablation_config, write_outcome
from orchestration.configuration.load_config import CONF, load_config
from tests.evaluation.ablation.test_page import outcome

BUDGETS = sorted(file.stem for file in (CONF / "ablation").glob("*.yaml"))


@pytest.mark.parametrize("budget", BUDGETS)
def test_every_budget_composes_with_its_overrides(budget: str) -> None:
    config = ablation_config([f"budget={budget}"])
    assert config.ablation.name == budget
    assert len(config.ablation.seeds) >= 3
    assert len(config.ablation.arms) == 4
    assert not config.data.train_on_arrivals, "the same data for every arm, whatever is delivered meanwhile"


def test_the_smallest_needs_no_bf16_and_its_own_batches() -> None:
    config = ablation_config(["budget=minutes"])
    assert config.deepspeed.precision == "fp32"
    assert not set(config.data.train_batches) & set(load_config().data.train_batches)


def test_the_hours_are_the_lines_own_toy() -> None:
    config, line = ablation_config(["budget=hours"]), load_config()
    assert (config.network, config.training, config.recipe) == (line.network, line.training, line.recipe)


def test_what_a_person_adds_counts_last() -> None:
    config = ablation_config(["budget=minutes", "network.layers=4", "ablation.seeds=[5,6]"])
    assert config.network.layers == 4
    assert config.ablation.seeds == [5, 6]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("budget=days", f"budget=days: there are {', '.join(BUDGETS)}"),
        ("network.layerz=4", "unknown key, did you mean network.layers?"),
        ("ablation.seeds=[0]", f"List should have at least {FEWEST_SEEDS} items"),
        ("ablation.arms=[no_moe,no_co_generation]", "arms lacks full, which the others are compared with"),
        ("ablation.arms=[full,no_sound]", "ablation.arms.1: Input should be 'full', 'no_moe'"),
    ],
)
def test_a_mistake_is_named(override: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        ablation_config(["budget=minutes", override])


def test_an_arm_without_moe_has_no_experts() -> None:
    with pytest.raises(ValueError, match=r"training\.ablation is no_moe and recipe\.experts is .*set recipe\.experts"):
        load_config(["training.ablation=no_moe"])
    assert load_config(["training.ablation=no_moe", "recipe.experts=[]"]).training.ablation == "no_moe"


def test_page_picture_and_tables_are_written(tmp_path: Path) -> None:
    write_outcome(outcome(), tmp_path / "out")
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "ablation.md",
        "arms.csv",
        "cost.csv",
        "intervals.png",
    ]
    with Image.open(tmp_path / "out/intervals.png") as picture:
        picture.verify()
