"""Questions to the registry, nothing written: where a model's artifact is, who is champion and why, what was decided.

The library's face (`graspline.champion`, `graspline.history`, `graspline.Generator.champion`) asks here, from whatever
folder a program runs in; `graspline generate` asks for the artifact.
"""

from collections.abc import Generator, Sequence
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path

from foundation import home
from orchestration.configuration.given_texts import from_folder
from orchestration.configuration.load_config import load_sections
from orchestration.registry.entries import Entry
from orchestration.registry.succession import Succession


@dataclass(frozen=True)
class CurrentChampion:
    """The champion, since when and why."""

    version: str  # in the registry
    digest: str  # of the artifact's folder
    folder: Path  # the artifact
    metrics: dict[str, float | None]  # of its evaluation, by name; None: could not be measured
    since: str  # UTC, ISO 8601
    reason: str


def champion(overrides: Sequence[str] = ()) -> CurrentChampion | None:
    """The champion; None where no model was promoted yet.

    >>> import graspline
    >>> best = graspline.champion()
    >>> best.version, best.metrics["psnr_db"], best.reason
    ('1', 20.0, 'better')

    Args:
        overrides: configuration, as on the command line: ["tracking.registered_model=NAME"].

    Raises:
        ValueError: an unknown override, a ledger that was changed or lost, or an artifact that was changed.
    """
    with _succession(overrides) as succession:
        reign = succession.look().reign
        if reign is None:
            return None
        version, digest = str(reign.champion_version), str(reign.champion)
        folder = succession.models.assert_intact(version, digest).resolve()
        _, report = succession.models.release(version)
        metrics = {name: metric.value for name, metric in report.metrics.items()}
        return CurrentChampion(version, digest, folder, metrics, reign.time, reign.reason)


def history(overrides: Sequence[str] = ()) -> list[Entry]:
    """Every decision, the oldest first. Arguments and errors: as of `champion`.

    >>> import graspline
    >>> [(entry.action, entry.version) for entry in graspline.history()]
    [('promote', '1'), ('refuse', '2')]
    """
    with _succession(overrides) as succession:
        return list(succession.look().entries)


def artifact_of(name: str, overrides: Sequence[str] = ()) -> Path:
    """The artifact of a registered model, byte by byte what was decided on or registered.

    Args:
        name: champion, challenger, previous_champion or a version number.
        overrides: configuration, as on the command line.

    Raises:
        ValueError: there is none, which names those there are; or a file of it changed.
    """
    with _succession(overrides) as succession:
        return succession.verified_folder(name).resolve()


def version_of(name: str, overrides: Sequence[str] = ()) -> tuple[str, str]:
    """(registered model, version) that a name stands for. ValueError: there is none of that name."""
    with _succession(overrides) as succession:
        return succession.config.registered_model, succession.version_named(name)


@contextmanager
def _succession(overrides: Sequence[str]) -> Generator[Succession]:
    """The configured registry. Its paths are relative to the project: the program is there meanwhile, and goes back."""
    where = Path.cwd()
    with chdir(home.ROOT):
        home.enter()
        config = load_sections(from_folder(overrides, where))
        yield Succession(config.tracking, config.approval)
