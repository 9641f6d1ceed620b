"""`graspline torture promotion`: kills and races on scratch registries, and a table of what came of them."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from orchestration.commands.torture.registry.broken_off import Killed, torture_kills
from orchestration.commands.torture.registry.races import Race, torture_races
from orchestration.configuration.load_config import load_sections


def torture_and_print(console: Console, kills: int, race: tuple[int, int], seed: int, ledger: str | None) -> bool:
    """Kill, race, print; whether all is right. `race`: processes and rounds."""
    config = load_sections()
    with tempfile.TemporaryDirectory(prefix="graspline_torture_") as folder:
        for name in ("kills", "races"):
            (Path(folder) / name).mkdir()
        killed = list[Killed]()
        if kills:
            killed = torture_kills(Path(folder) / "kills", config, (kills, seed), lambda one: _say(console, one))
        races = list[Race]()
        if race[0]:
            said = Path(folder) / "races"
            races = torture_races(said, config, race, ledger, lambda one: _say(console, one))
    if killed:
        console.print(_table(killed))
    if races:
        told = sum(one.told for one in races)
        fine = sum(one.wrong is None for one in races)
        console.print(f"{race[0]} processes promote {race[0]} challengers at once, {len(races)} rounds:")
        console.print(f"  one winner in {fine}, {told} losers were told who won")
    return not any(one.wrong for one in (*killed, *races))


def _say(console: Console, one: Killed | Race) -> None:
    if one.wrong:
        what = f"{one.operation}, killed at {one.where}" if isinstance(one, Killed) else "race"
        line = f"{one.number} {what}: {one.wrong}"
        console.print(f"[red]✗[/] {escape(line)}", soft_wrap=True, highlight=False)


def _table(killed: Sequence[Killed]) -> Table:
    table = Table("operation", "kills", "died", "before it counted", "after", "wrong", box=None, header_style="dim")
    for operation in dict.fromkeys(one.operation for one in killed):
        mine = [one for one in killed if one.operation == operation]
        died = [one for one in mine if one.died]
        after = sum(one.entry_there for one in died)
        row = (len(mine), len(died), len(died) - after, after, sum(one.wrong is not None for one in mine))
        table.add_row(operation, *map(str, row))
    return table
