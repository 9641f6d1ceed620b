"""What people read about a registered model: who is champion, what waits, what was decided. Nothing is written."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from model.contracts import TrackingConfig
from orchestration.registry.entries import Entry
from orchestration.registry.reigns import Reigns
from orchestration.registry.succession import Succession

SHOWN = 5  # entries on `graspline status`


def print_standing(console: Console, succession: Succession, seen: Reigns) -> None:
    """Champion, aliases, what does not follow the ledger, what waits and with which command."""
    models = succession.models
    console.print(f"[bold]{models.config.registered_model}[/]  {models.config.uri}", soft_wrap=True)
    for alias, version in sorted(models.aliases().items()):
        console.print(f"  {alias:<18} version {version}")
    for line in succession.misled(seen):
        told = f"{line}: the next decision sets it right, as does `graspline run`"
        console.print(f"[red]✗[/] {escape(told)}", soft_wrap=True, highlight=False)
    for entry in seen.waiting():
        if seen.is_of_today(entry):
            told = f"waits: version {entry.version} passed at {_when(entry)} UTC"
            command = f"graspline approve {entry.version} --reason WHY   (or refuse {entry.version} --reason WHY)"
        else:
            told = f"version {entry.version} passed at {_when(entry)} UTC, against another champion than today's"
            command = "graspline run, with its configuration, judges it anew"
        console.print(f"[yellow]●[/] {told}: {command}", soft_wrap=True, highlight=False)


def print_history(console: Console, tracking: TrackingConfig) -> None:
    """Every entry of the ledger."""
    entries = Succession(tracking).look().entries
    if not entries:
        console.print("No model was judged yet: `graspline run` makes one.")
        return
    console.print(entries_table(entries))


def print_verified(console: Console, tracking: TrackingConfig) -> bool:
    """Chain, head, aliases and the champion's bytes; whether all is right.

    Raises:
        ValueError: the ledger or the champion's files are not what they were.
    """
    succession = Succession(tracking)
    seen = succession.look()
    console.print(f"[green]✓[/] {len(seen.entries)} entries, chain whole, head as the registry remembers it")
    if seen.champion:
        digest, version = seen.champion
        folder = succession.models.assert_intact(version, digest)
        console.print(f"[green]✓[/] champion is version {version}, every byte as decided: {folder}", soft_wrap=True)
    misled = succession.misled(seen)
    for line in misled:
        console.print(f"[red]✗[/] {escape(line)}", soft_wrap=True, highlight=False)
    return not misled


def entries_table(entries: Sequence[Entry]) -> Table:
    """One row a decision."""
    table = Table("when (UTC)", "who", "what", "version", "champion", "why", box=None, header_style="dim")
    for entry in entries:
        what = f"{entry.action}, against the gate" if entry.against_gate else entry.action
        who = entry.actor if entry.by == "person" else f"gate ({entry.actor})"
        change = f"{entry.champion_version_before or '-'} → {entry.champion_version or '-'}"
        table.add_row(_when(entry), escape(who), what, entry.version, change, escape(entry.reason))
    return table


def _when(entry: Entry) -> str:
    return entry.time[:16].replace("T", " ")
