"""Questions to the registry, nothing written: which folder a model lies in, who reigns and why, what was decided when.

The library's face (`graspline.champion`, `graspline.history`, `graspline.Generator.champion`) asks here from whatever
folder a program runs in.
"""

from collections.abc import Generator, Sequence
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path

from foundation import home
from model.contracts import TrackingConfig
from orchestration.load_config import load_config
from orchestration.registry.ledger import Entry
from orchestration.registry.release import Registry


@dataclass(frozen=True)
class Reign:
    """The champion, and since when and why it is."""

    version: str  # in the registry
    digest: str  # of the artifact's folder
    folder: Path  # the artifact
    metrics: dict[str, float | None]  # of its evaluation, by name; None: could not be measured
    since: str  # UTC, ISO 8601
    reason: str


def champion(overrides: Sequence[str] = ()) -> Reign | None:
    """The reigning model; None where no model was promoted yet.

    >>> import graspline
    >>> reign = graspline.champion()
    >>> reign.version, reign.metrics["psnr_db"]
    ('1', 20.0)

    Args:
        overrides: configuration, as on the command line: ["tracking.registered_model=NAME"].

    Raises:
        ValueError: an unknown override, or a ledger that was changed.
    """
    with _registry(overrides) as registry:
        decisions = [entry for entry in registry.ledger.entries() if entry.action != "refuse"]
        if not decisions:
            return None
        now = decisions[-1]
        artifact, report = registry.release(str(now.champion_version))
        metrics = {name: metric.value for name, metric in report.metrics.items()}
        folder = Path(artifact.folder).resolve()
        return Reign(str(now.champion_version), str(now.champion), folder, metrics, now.time, now.reason)


def history(overrides: Sequence[str] = ()) -> list[Entry]:
    """Every promotion, refusal and rollback, oldest first. Arguments and errors: see `champion`.

    >>> import graspline
    >>> [(entry.action, entry.version) for entry in graspline.history()]
    [('promote', '1'), ('refuse', '2')]
    """
    with _registry(overrides) as registry:
        return registry.ledger.entries()


def folder_of(name: str, overrides: Sequence[str] = ()) -> Path:
    """The artifact of a registered model. ValueError: there is none of that name, see `registered_folder`."""
    with _registry(overrides) as registry:
        return registered_folder(registry.config, name).resolve()


def registered_folder(tracking: TrackingConfig, name: str) -> Path:
    """The artifact's folder on this machine.

    Args:
        tracking: where versions live.
        name: champion, challenger, previous_champion or a version number.

    Raises:
        ValueError: there is none; says which there are.
    """
    registry = Registry(tracking)
    return registry.folder(registry.version_named(name))


@contextmanager
def _registry(overrides: Sequence[str]) -> Generator[Registry]:
    """The configured registry, whose paths are relative to the project; the program's own folder stays as it was."""
    with chdir(home.ROOT):
        home.enter()
        yield Registry(load_config(overrides).tracking)
