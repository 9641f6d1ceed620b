"""Processes that promote different challengers in the same moment: one wins, and the others are told who."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import chdir
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from time import time

from foundation.parent_watch import end_with_parent
from orchestration.commands.torture.registry.operations import Order, carry_out
from orchestration.commands.torture.registry.scratch import (
    make_registry,
    make_release,
    make_template,
    passed_draft,
    registered,
)
from orchestration.configuration.load_config import PipelineConfig
from orchestration.registry.succession import Succession

HEAD_START_SECONDS = 0.5  # until all begin


@dataclass(frozen=True)
class Race:
    """One round."""

    number: int
    winner: str  # version
    told: int  # losers that were told who won
    wrong: str | None


def torture_races(
    folder: Path, config: PipelineConfig, given: tuple[int, int], ledger: str | None, on_race: Callable[[Race], None]
) -> list[Race]:
    """`given` = (processes, rounds), in one registry in an empty folder: every round deposes the last one's winner.

    Args:
        folder: empty.
        config: where the rest of the configuration comes from.
        given: processes at once, rounds.
        ledger: its database; None: a file beside MLflow's.
        on_race: called as they come.
    """
    processes, rounds = given
    template = folder / "template"
    template.mkdir()
    make_template(template)
    tracking = make_registry(template, folder / "registry", ledger)
    config = config.model_copy(update={"tracking": tracking})
    found: list[Race] = []
    context = get_context("fork")
    with chdir(folder), ProcessPoolExecutor(processes, mp_context=context, initializer=end_with_parent) as pool:
        for number in range(rounds):
            releases = [make_release(Path("runs"), number * processes + at) for at in range(processes)]
            candidates = [registered(tracking, release) for release in releases]
            succession = Succession(tracking)
            for candidate in candidates:
                seen = succession.look()
                succession.decide(passed_draft(seen, candidate, automatic=False), seen)
            before, at = len(succession.look().entries), time() + HEAD_START_SECONDS
            orders = [Order("approve", candidate.version) for candidate in candidates]
            said = list(pool.map(carry_out, [config] * processes, orders, releases, [at] * processes))
            found.append(_judged(number, succession, said, before))
            on_race(found[-1])
    return found


def _judged(number: int, succession: Succession, said: list[str], before: int) -> Race:
    won = [words.removeprefix("ok ") for words in said if words.startswith("ok ")]
    seen = succession.look()
    winner = seen.champion[1] if seen.champion else ""
    told = sum(f"version {winner}" in words for words in said if not words.startswith("ok "))
    wrong = None
    if won != [winner] or len(seen.entries) != before + 1:
        wrong = f"{won} won, champion is {winner}, {len(seen.entries) - before} entries were written: {said}"
    elif told != len(said) - 1:
        wrong = f"{len(said) - 1 - told} losers were not told that version {winner} won: {said}"
    else:
        wrong = "; ".join(succession.misled(seen)) or None
    return Race(number, winner, told, wrong)
