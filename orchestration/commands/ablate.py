"""`graspline ablate`: the method without each of its parts, at equal budgets, beside the paper's ablation table."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from orchestration.configuration.load_config import PipelineConfig, load_config
from orchestration.steps.ablation_steps import run_ablation
from orchestration.steps.display import LiveDisplay, PlainDisplay

BUDGET = "budget="


def ablation_config(overrides: Sequence[str]) -> PipelineConfig:
    """The whole configuration of one budget: conf/ablation/<budget>.yaml, its overrides, then those that are given.

    Raises:
        ValueError: no such budget, or a value is wrong.
    """
    given = [f"ablation={one.removeprefix(BUDGET)}" if one.startswith(BUDGET) else one for one in overrides]
    budget = [one for one in given if one.startswith("ablation=")]
    rest = [one for one in given if one not in budget]
    named = load_config(budget).ablation
    return load_config([*budget, *named.overrides, *rest])


def ablate_and_print(console: Console, overrides: Sequence[str], out: Path) -> None:
    """Run what is not there yet, print the table, write the page, the picture and the CSV into `out`.

    Raises:
        ValueError: a value is wrong, a batch is refused, or a finished run was changed.
    """
    config = ablation_config(overrides)
    with LiveDisplay(console) if console.is_terminal else PlainDisplay() as display:
        results, cost = run_ablation(config, display)
    for result in results:
        console.print(result.arm, result.seed, {n: result.metrics[n].value for n in config.ablation.metrics})
    console.print(cost.model_dump())
    console.print(f"wrote {escape(str(out))}", soft_wrap=True)
