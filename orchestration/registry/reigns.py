"""What a model's decisions add up to: who reigns, who reigned before, what waits, what a person ruled out.

Pure: it reads entries and touches nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from orchestration.registry.entries import Entry

Model = tuple[str, str]
"""(artifact digest, version)"""


@dataclass(frozen=True)
class Reigns:
    """The decisions about one registered model, the oldest first."""

    entries: tuple[Entry, ...]

    @cached_property
    def reign(self) -> Entry | None:
        """The newest entry that says who is champion; None where nobody was promoted yet."""
        return next((entry for entry in reversed(self.entries) if entry.changes), None)

    @property
    def champion(self) -> Model | None:
        """Who serves."""
        return _champion_of(self.reign) if self.reign else None

    @cached_property
    def line(self) -> tuple[Model, ...]:
        """The champions that led to this one, it last; who was rolled back is not in it."""
        line: list[Model] = []
        for entry in self.entries:
            if entry.action == "rollback":
                at = len(line) - 1 - line[::-1].index(_champion_of(entry))
                del line[at + 1 :]
            elif entry.changes:
                line.append(_champion_of(entry))
        return tuple(line)

    def to_restore(self, version: str | None = None) -> Model:
        """Who a rollback makes champion: the one before this one, or a version that reigned before.

        Raises:
            ValueError: there is nobody to go back to, or that version is none of them.
        """
        former = self.line[:-1]
        if not former:
            state = f"version {self.champion[1]} is the first champion" if self.champion else "nobody was promoted yet"
            raise ValueError(f"nothing to go back to: {state}")
        if version is None:
            return former[-1]
        named = [model for model in former if model[1] == version]
        if not named:
            known = ", ".join(dict.fromkeys(model[1] for model in former))
            raise ValueError(
                f"version {version} did not lead to this champion, so there is no way back to it (versions {known} "
                f"did): `graspline promote {version}` decides anew"
            )
        return named[-1]

    def ruled_out(self, digest: str) -> Entry | None:
        """The decision by which a person refused this model, deposed it or rolled it back, while it stands."""
        ruling: Entry | None = None
        for entry in self.entries:
            if entry.changes and entry.champion == digest:
                ruling = None
            elif entry.by == "person" and self._rules_out(entry, digest):
                ruling = entry
        return ruling

    def verdict_on(self, digest: str) -> Entry | None:
        """The gate's newest word on a model."""
        on_it = (entry for entry in reversed(self.entries) if entry.by == "gate" and entry.candidate == digest)
        return next(on_it, None)

    def newest_on(self, digest: str) -> Entry | None:
        """The newest entry about a model."""
        return next((entry for entry in reversed(self.entries) if entry.candidate == digest), None)

    def waiting(self) -> list[Entry]:
        """The gate's entries on models that passed and that nobody has decided on since, the oldest first."""
        newest = {entry.candidate: entry for entry in self.entries}
        champion = self.champion and self.champion[0]
        return [entry for entry in newest.values() if entry.action == "pass" and entry.candidate != champion]

    def is_of_today(self, verdict: Entry) -> bool:
        """Whether the gate compared with the champion of now."""
        return verdict.champion_before == (self.champion and self.champion[0])

    def _rules_out(self, entry: Entry, digest: str) -> bool:
        if entry.action == "refuse":
            return entry.candidate == digest
        if entry.action == "rollback":  # every reign that it goes back over
            line = Reigns(self.entries[: entry.sequence - 1]).line
            return digest in {undone for undone, _ in line[len(Reigns(self.entries[: entry.sequence]).line) :]}
        return entry.changes and entry.champion_before == digest


def reigns_of(entries: Sequence[Entry]) -> Reigns:
    """What these entries add up to."""
    return Reigns(tuple(entries))


def _champion_of(entry: Entry) -> Model:
    assert entry.champion
    assert entry.champion_version
    return entry.champion, entry.champion_version
