"""`graspline torture ...`: each command is one call into a module beside it."""

from pathlib import Path
from typing import Annotated

import typer

from orchestration.commands.plain_errors import plain_errors

app = typer.Typer(help="Throw odd and hostile input at a scratch project.", no_args_is_help=True)
Overrides = Annotated[list[str] | None, typer.Argument(help="configuration of all runs, beside experiment=smoke")]


@app.callback()
def torture() -> None:
    """Throw odd and hostile input at a scratch project."""


@app.command()
def deliveries(
    count: Annotated[int, typer.Option(help="deliveries", min=1)] = 200,
    seed: Annotated[int, typer.Option(help="same seed, same deliveries")] = 0,
) -> None:
    """Every delivery must be taken in rightly or refused by name, nothing outside touched. Exit code 1 if not."""
    with plain_errors() as console:
        from orchestration.commands.torture_deliveries import torture_and_print

        fine = torture_and_print(console, count, seed)
    raise typer.Exit(0 if fine else 1)


@app.command()
def runs(
    overrides: Overrides = None,
    at_once: Annotated[int, typer.Option(help="whole runs, of a mix of configurations", min=2)] = 8,
    keep: Annotated[
        Path | None, typer.Option(help="a new folder that the scratch project stays in", resolve_path=True)
    ] = None,
) -> None:
    """Whole smoke runs at once in one scratch project: none may take another's work for its own. Exit code 1 if so."""
    with plain_errors() as console:
        from orchestration.commands.torture_runs import torture_runs_and_print

        fine = torture_runs_and_print(console, at_once, overrides or [], keep)
    raise typer.Exit(0 if fine else 1)


@app.command()
def promotion(
    kills: Annotated[int, typer.Option(help="decisions and registrations broken off by SIGKILL", min=0)] = 200,
    race: Annotated[int, typer.Option(help="processes that promote at once; 0: none", min=0)] = 8,
    rounds: Annotated[int, typer.Option(help="races", min=1)] = 50,
    seed: Annotated[int, typer.Option(help="of the random instants")] = 0,
    ledger: Annotated[str | None, typer.Option(help="database of the races' ledger, postgresql://...")] = None,
) -> None:
    """Scratch registries: always one champion, a valid ledger, a repeat finishes what broke off. Exit code 1 if not."""
    with plain_errors() as console:
        from orchestration.commands.torture_promotion import torture_and_print

        fine = torture_and_print(console, kills, (race, rounds), seed, ledger)
    raise typer.Exit(0 if fine else 1)
