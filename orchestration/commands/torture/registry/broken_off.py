"""Decisions that are killed on the way: afterwards there is one champion, a valid ledger, and a repeat finishes it."""

import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import chdir
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from random import Random

from foundation.parent_watch import end_with_parent
from foundation.tracking_store import SQLITE
from model.contracts import TrackingConfig
from orchestration.commands.torture.registry.operations import (
    OF_DECISION,
    OF_REGISTER,
    OPERATIONS,
    Operation,
    Order,
    carry_out,
)
from orchestration.commands.torture.registry.scratch import (
    MODEL,
    Release,
    make_registry,
    make_release,
    make_template,
    passed_draft,
    registered,
)
from orchestration.configuration.load_config import PipelineConfig
from orchestration.registry.succession import Succession

# version that an operation is about, and who is champion once it is done; before, version 2 is, after version 1
OUTCOMES: dict[Operation, tuple[str, str]] = {
    "register": ("5", "2"),
    "approve": ("3", "3"),
    "promote": ("4", "4"),
    "refuse": ("4", "2"),
    "rollback": ("1", "1"),
}
LONGEST_SECONDS = 0.4  # of a random instant: about as long as the longest operation takes


@dataclass(frozen=True)
class Killed:
    """One operation that was broken off, and what is wrong afterwards."""

    number: int
    operation: Operation
    where: str
    died: bool
    entry_there: bool  # whether the decision (or the version) was there after the kill
    wrong: str | None


def orders(count: int, seed: int) -> Iterator[Order]:
    """Every named point in turn, then random instants; operations take turns."""
    named = [
        Order(operation, OUTCOMES[operation][0], point=point)
        for operation in OPERATIONS
        for point in (OF_REGISTER if operation == "register" else OF_DECISION)
    ]
    random = Random(seed)
    for number in range(count):
        if number < len(named):
            yield named[number]
        else:
            operation = OPERATIONS[number % len(OPERATIONS)]
            seconds = random.uniform(0, LONGEST_SECONDS)
            yield Order(operation, OUTCOMES[operation][0], instant_seconds=seconds)


def make_standing(template: Path, folder: Path) -> list[Release]:
    """The registry that every kill starts from a copy of: 1 then 2 were promoted, 3 and 4 passed and wait.

    Returns:
        Five releases, of which the last is not registered. Their folders are relative to `folder`.
    """
    tracking = make_registry(template, folder / "registry", None)
    with chdir(folder):
        releases = [make_release(Path("runs"), number) for number in range(1, 6)]
        succession = Succession(tracking)
        for number, release in enumerate(releases[:4], 1):
            candidate, seen = registered(succession.config, release), succession.look()
            succession.decide(passed_draft(seen, candidate, automatic=number < 3), seen)
    return releases


def torture_kills(
    folder: Path, config: PipelineConfig, given: tuple[int, int], on_killed: Callable[[Killed], None]
) -> list[Killed]:
    """Break off `given` = (count, seed) operations, each in a copy of one registry in an empty folder."""
    template = folder / "template"
    template.mkdir()
    make_template(template)
    releases = make_standing(template, folder / "standing")
    found: list[Killed] = []
    for number, order in enumerate(orders(*given)):
        project = folder / f"kill-{number}"
        shutil.copytree(folder / "standing", project)
        with chdir(project):
            found.append(_killed(number, _at(config), order, releases[-1]))
        on_killed(found[-1])
        if found[-1].wrong is None:
            shutil.rmtree(project)
    return found


def _at(config: PipelineConfig) -> PipelineConfig:
    """The configuration, for the registry in the working folder."""
    uri = f"{SQLITE}{Path.cwd()}/registry/mlflow.db"  # whole: MLflow keeps connections by their address
    tracking = TrackingConfig(uri=uri, experiment=MODEL, registered_model=MODEL)
    return config.model_copy(update={"tracking": tracking})


def _killed(number: int, config: PipelineConfig, order: Order, release: Release) -> Killed:
    said = in_child(config, order, release)
    there, wrong = False, None
    try:
        there = _is_there(config, order)
        wrong = _after_the_kill(config, order) or _after_a_repeat(config, order, release, there)
    except Exception as error:
        if not isinstance(error, ValueError):
            raise
        wrong = str(error)
    where = " ".join(order.point) if order.point else f"after {order.instant_seconds:.3f} s"
    return Killed(number, order.operation, where, said is None, there, wrong)


def in_child(config: PipelineConfig, order: Order, release: Release) -> str | None:
    """Carry it out in a process of its own; None: it was killed."""
    with ProcessPoolExecutor(1, mp_context=get_context("fork"), initializer=end_with_parent) as pool:
        try:
            return pool.submit(carry_out, config, order, release, time.time()).result()
        except BrokenProcessPool:
            return None


def _is_there(config: PipelineConfig, order: Order) -> bool:
    succession = Succession(config.tracking)
    if order.operation == "register":
        return len(succession.models.versions()) == 5
    return len(succession.look().entries) == 5


def _after_the_kill(config: PipelineConfig, order: Order) -> str | None:
    """Exactly one champion, of before or after; its bytes whole; every version whole and once."""
    succession = Succession(config.tracking)
    champion = succession.version_named("champion")
    if champion not in ("2", OUTCOMES[order.operation][1]):
        return f"champion is version {champion}"
    succession.verified_folder("champion")
    return _broken_version(succession)


def _after_a_repeat(config: PipelineConfig, order: Order, release: Release, there: bool) -> str | None:
    """The same command again, undisturbed, leaves what it should have left the first time, once."""
    succession = Succession(config.tracking)
    finished = there and not succession.misled(succession.look())
    if order.operation == "rollback" and finished:
        return None  # it was killed behind its last step: a repeat would be another rollback
    said = carry_out(config, Order(order.operation, order.version), release)
    succession = Succession(config.tracking)
    seen = succession.look()
    champion, expected = succession.version_named("champion"), OUTCOMES[order.operation][1]
    counts = (len(succession.models.versions()), len(seen.entries))
    if not said.startswith("ok"):
        return f"the repeat says {said}"
    if champion != expected or counts != ((5, 4) if order.operation == "register" else (4, 5)):
        return f"after the repeat champion is {champion}, there are {counts[0]} versions and {counts[1]} entries"
    return "; ".join(succession.misled(seen)) or _broken_version(succession)


def _broken_version(succession: Succession) -> str | None:
    versions = succession.models.versions()
    digests = {succession.models.digest(version) for version in versions}
    if len(digests) != len(versions):
        return "one artifact is two versions"
    for version in versions:
        succession.models.assert_intact(version)
        succession.models.release(version)
    return None
