"""`graspline ablate`: the method without each of its parts, at equal budgets, beside the paper's ablation table."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from evaluation.ablation import published
from evaluation.ablation.arms import widening
from evaluation.ablation.contracts import NAMES, ArmResult
from evaluation.ablation.cost_rows import COST_COLUMNS, cost_rows
from evaluation.ablation.page import COLUMNS, Budget, Outcome, measured_rows, page, published_rows, verdicts
from evaluation.ablation.table import as_csv, cells_of, cost_csv
from foundation.whole_file import write_whole
from orchestration.configuration.load_config import CONF, PipelineConfig, load_config
from orchestration.steps.ablation_steps import run_ablation
from orchestration.steps.display import LiveDisplay, PlainDisplay

BUDGET, PAGE, PICTURE = "budget=", "ablation.md", "intervals.png"


def ablation_config(overrides: Sequence[str]) -> PipelineConfig:
    """The whole configuration of one budget: conf/ablation/<budget>.yaml, its overrides, then those that are given.

    Raises:
        ValueError: no such budget, or a value is wrong.
    """
    budgets = [one.removeprefix(BUDGET) for one in overrides if one.startswith(BUDGET)]
    known = sorted(file.stem for file in (CONF / "ablation").glob("*.yaml"))
    if unknown := [budget for budget in budgets if budget not in known]:
        raise ValueError(f"budget={unknown[0]}: there are {', '.join(known)}")
    chosen = [f"ablation={budget}" for budget in budgets[-1:]]
    given = [one for one in overrides if not one.startswith(BUDGET)]
    return load_config([*chosen, *load_config(chosen).ablation.overrides, *given])


def ablate_and_print(console: Console, overrides: Sequence[str], out: Path) -> None:
    """Run what is not there yet, print the table, write the page, the picture and the CSV into `out`.

    Raises:
        ValueError: a value is wrong, a batch is refused, or a finished run was changed.
    """
    config = ablation_config(overrides)
    with LiveDisplay(console) if console.is_terminal else PlainDisplay() as display:
        results, cost = run_ablation(config, display)
    cells, without = cells_of(results, config.ablation.metrics)
    outcome = Outcome(cells, without, cost, _budget(config, results))
    for line in verdicts(outcome):
        console.print(f"- {line}", soft_wrap=True)
    console.print(_printed("measured", [*COLUMNS, *(NAMES[arm] for arm in outcome.arms)], measured_rows(outcome)))
    console.print(_printed("what it costs", COST_COLUMNS, cost_rows(cost)))
    title = f"published ({published.SOURCE}), not measured here"
    columns = ["arm", *published.COLUMNS, "inference cost"]
    console.print(_printed(title, columns, published_rows(outcome.arms)))
    write_outcome(outcome, out)
    console.print(f"wrote {escape(str(out / PAGE))}", soft_wrap=True)


def write_outcome(outcome: Outcome, folder: Path) -> None:
    """The page, the picture and both CSV files."""
    from evaluation.ablation.picture import draw_intervals

    folder.mkdir(parents=True, exist_ok=True)
    draw_intervals(outcome.cells, f"Ablation, budget {outcome.budget.name}", folder / PICTURE)
    write_whole(folder / "arms.csv", as_csv(outcome.cells))
    write_whole(folder / "cost.csv", cost_csv(outcome.cost))
    write_whole(folder / PAGE, page(outcome, PICTURE))


def _budget(config: PipelineConfig, results: Sequence[ArmResult]) -> Budget:
    training, network, recipe = config.training, config.network, config.recipe
    wider = network.ffn_dim + widening(network, recipe)
    return Budget(
        name=config.ablation.name,
        steps=(training.stage_one.steps, training.stage_two.steps),
        clips_a_step=training.micro_batch_per_process * config.deepspeed.processes * training.gradient_accumulation,
        training_clips=sum(getattr(config.data.batches[name], "clips", 0) for name in config.data.train_batches),
        seeds=tuple(config.ablation.seeds),
        noise_seeds=config.evaluation.seeds_a_clip,
        widening=f"Without MoE the feed-forward is {wider} wide instead of {network.ffn_dim}, so that a block has as "
        "many parameters as with experts and router.",
    )


def _printed(title: str, columns: Sequence[str], rows: list[list[str]]) -> Table:
    first, *rest = columns
    table = Table(Column(first, no_wrap=True), *rest, title=title, box=None, header_style="dim", title_justify="left")
    for row in rows:
        table.add_row(*map(escape, row))
    return table
