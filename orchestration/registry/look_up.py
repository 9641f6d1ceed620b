"""Questions to the registry, nothing written: where a model's artifact is, who is champion and why, what was decided.

The library's face (`graspline.champion`, `graspline.history`, `graspline.Generator.champion`) asks here, from whatever
folder a program runs in; `graspline generate` asks for the artifact.
"""

from collections.abc import Generator, Sequence
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path

from foundation import home
from model.contracts import TrackingConfig
from orchestration.configuration.given_texts import from_folder
from orchestration.configuration.load_config import load_sections
from orchestration.registry.ledger import Entry
from orchestration.registry.models import ModelRegistry
from orchestration.registry.succession import ledger_of


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
        ValueError: an unknown override, or a ledger that was changed.
    """
    with _tracking(overrides) as tracking:
        changes = [entry for entry in ledger_of(tracking).entries() if entry.action != "refuse"]
        if not changes:
            return None
        version, digest = str(changes[-1].champion_version), str(changes[-1].champion)
        artifact, report = ModelRegistry(tracking).release(version)
        metrics = {name: metric.value for name, metric in report.metrics.items()}
        folder = Path(artifact.folder).resolve()
        return CurrentChampion(version, digest, folder, metrics, changes[-1].time, changes[-1].reason)


def history(overrides: Sequence[str] = ()) -> list[Entry]:
    """Every promotion, refusal and rollback, oldest first. Arguments and errors: as of `champion`.

    >>> import graspline
    >>> [(entry.action, entry.version) for entry in graspline.history()]
    [('promote', '1'), ('refuse', '2')]
    """
    with _tracking(overrides) as tracking:
        return ledger_of(tracking).entries()


def artifact_of(name: str, overrides: Sequence[str] = ()) -> Path:
    """The artifact of a registered model. ValueError: there is none of that name, see `registered_folder`."""
    with _tracking(overrides) as tracking:
        return registered_folder(tracking, name).resolve()


def registered_folder(tracking: TrackingConfig, name: str) -> Path:
    """An artifact's folder on this machine.

    Args:
        tracking: where models are registered.
        name: champion, challenger, previous_champion or a version number.

    Raises:
        ValueError: there is none; names those there are.
    """
    models = ModelRegistry(tracking)
    return models.folder(models.version_named(name))


@contextmanager
def _tracking(overrides: Sequence[str]) -> Generator[TrackingConfig]:
    """The configured registry. Its paths are relative to the project: the program is there meanwhile, and goes back."""
    where = Path.cwd()
    with chdir(home.ROOT):
        home.enter()
        yield load_sections(from_folder(overrides, where)).tracking
