"""`graspline approve`, `refuse`, `promote`, `rollback`, `history`, `ledger`: what a person decides about models."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from orchestration.commands.plain_errors import called

if TYPE_CHECKING:
    from orchestration.configuration.load_config import PipelineConfig
    from orchestration.registry.entries import Entry
    from orchestration.steps.decisions import Decider

app = typer.Typer()  # its commands stand beside `graspline run`
ledger_app = typer.Typer(help="The record of who was promoted, when and why.", no_args_is_help=True)
app.add_typer(ledger_app, name="ledger")

Overrides = Annotated[list[str] | None, typer.Argument(help="configuration, as in: experiment=smoke")]
Reason = Annotated[str, typer.Option("--reason", help="why; it goes into the ledger")]
Version = Annotated[str, typer.Argument(help="a version number, or challenger")]


@app.command()
def approve(version: Version, reason: Reason, overrides: Overrides = None) -> None:
    """Make a model champion that passed the gate and waits, after its bytes and proof were verified again."""
    with _deciding(overrides) as (console, decider):
        _tell(console, decider.approve(version, reason))


@app.command()
def refuse(version: Version, reason: Reason, overrides: Overrides = None) -> None:
    """Rule a model out until a person decides otherwise; no run promotes it."""
    with _deciding(overrides) as (console, decider):
        _tell(console, decider.refuse(version, reason))


@app.command()
def promote(
    version: Version,
    reason: Reason,
    overrides: Overrides = None,
    despite_gate: Annotated[
        bool, typer.Option("--despite-gate", help="though the gate refused it, or was not asked; stays on record")
    ] = False,
) -> None:
    """Make a registered model champion, after its bytes and proof were verified again."""
    with _deciding(overrides) as (console, decider):
        _tell(console, decider.promote(version, reason, despite_gate))


@app.command()
def rollback(
    reason: Reason,
    overrides: Overrides = None,
    to: Annotated[str | None, typer.Option(help="a version that led to this champion; default: the one before")] = None,
) -> None:
    """Make the champion before this one champion again; twice goes back twice."""
    with _deciding(overrides) as (console, decider):
        _tell(console, decider.rollback(reason, to))


@app.command()
def history(overrides: Overrides = None) -> None:
    """Every decision: who, when, what, why, and whether the gate was overridden. Nothing is written."""
    with called() as (console, where):
        from orchestration.commands.registry_status import print_history

        print_history(console, _composed(overrides, where).tracking)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="the file to write, .zip", resolve_path=True)],
    overrides: Overrides = None,
) -> None:
    """Registry, ledger and receipts as one file, while runs go on."""
    with called() as (console, where):
        from orchestration.registry.backup import back_up

        count = back_up(_composed(overrides, where).tracking, file)
        console.print(f"wrote {file}: {count} files", markup=False, highlight=False, soft_wrap=True)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="what `graspline backup` wrote", resolve_path=True)],
    overrides: Overrides = None,
) -> None:
    """Unpack a backup into a project without a registry, in whatever folder it lies, and verify the ledger."""
    with called() as (console, where):
        from orchestration.commands.registry_status import print_verified
        from orchestration.registry import backup as of_registry

        tracking = _composed(overrides, where).tracking
        console.print(f"{of_registry.restore(tracking, file)} files are restored")
        fine = print_verified(console, tracking)
    raise typer.Exit(0 if fine else 1)


@ledger_app.command()
def verify(overrides: Overrides = None) -> None:
    """Hold every entry against its chain, the ledger's head against the registry, the champion's bytes against both."""
    with called() as (console, where):
        from orchestration.commands.registry_status import print_verified

        fine = print_verified(console, _composed(overrides, where).tracking)
    raise typer.Exit(0 if fine else 1)


@ledger_app.command()
def migrate(overrides: Overrides = None) -> None:
    """Take over registry/ledgers/<model>.jsonl, as older checkouts kept it, into the registry's empty ledger."""
    with called() as (console, where):
        from orchestration.registry.former_ledger import former_entries, former_file
        from orchestration.registry.succession import Succession

        succession = Succession(_composed(overrides, where).tracking)
        file = former_file(succession.config.registered_model)
        entries = succession.ledger.take_over(former_entries(file))
        succession.follow()
        console.print(f"{len(entries)} entries of {file} are in {succession.ledger.where}; the file is not read again")


@contextmanager
def _deciding(overrides: list[str] | None) -> Generator[tuple[Console, "Decider"]]:
    with called() as (console, where):
        from orchestration.steps.decisions import Decider

        yield console, Decider(_composed(overrides, where), _quiet(console))


def _composed(overrides: list[str] | None, where: Path) -> "PipelineConfig":
    from orchestration.configuration.given_texts import from_folder
    from orchestration.configuration.load_config import load_sections

    return load_sections(from_folder(overrides or [], where))


def _quiet(console: Console) -> Callable[[str], None]:
    return lambda line: console.print(line, style="dim", markup=False, highlight=False, soft_wrap=True)


def _tell(console: Console, entry: "Entry") -> None:
    console.print(
        f"entry {entry.sequence}: {entry.told()}: {entry.reason}", markup=False, highlight=False, soft_wrap=True
    )
    if entry.against_gate:
        console.print("[yellow]the gate had not let it pass; that stays on record[/]")
    champion = f"version {entry.champion_version}" if entry.champion_version else "nobody"
    console.print(f"champion is {champion}")
