"""Who is champion: decided by compare-and-swap on the ledger, which the registry's aliases then follow.

`look` reads and never writes; it refuses a ledger that the registry contradicts. `decide` writes the entry first, then,
one process at a time, aliases and the ledger's head in the registry's tags. Both are safe to repeat: a process that
died between the two left an *unfinished* decision, which the next writing command finishes.
"""

import getpass
from pathlib import Path

from evaluation.contracts import Decision, EvaluationReport
from model.contracts import RgbArtifact, TrackingConfig
from orchestration.configuration.approval import OPEN, ApprovalConfig
from orchestration.registry.contracts import Champion, RegisteredCandidate
from orchestration.registry.entries import Draft, Entry, Evidence
from orchestration.registry.ledger import ledger_of
from orchestration.registry.models import ModelRegistry
from orchestration.registry.reigns import Reigns, reigns_of


class Succession:
    """The champions of one registered model, past and present."""

    def __init__(self, config: TrackingConfig, approval: ApprovalConfig = OPEN) -> None:
        self.config = config
        self.models = ModelRegistry(config, approval)
        self.ledger = ledger_of(config)

    def look(self) -> Reigns:
        """What was decided so far. Nothing is written.

        Raises:
            ValueError: the ledger was changed, its tail was cut off, or it is not this registry's.
        """
        head = self.models.head()  # before the entries: those may grow meanwhile, the head follows them
        reigns = reigns_of(self.ledger.entries())
        if not reigns.entries and (head or self.models.aliases().get("champion")):
            raise ValueError(self._no_ledger(head))
        if head is not None:
            self._assert_holds(reigns, head)
        return reigns

    def champion(self, changed: bool, message: str) -> Champion:
        """The receipt of who is champion now."""
        champion = self.look().champion
        if champion is None:
            return Champion(version=None, artifact_digest=None, folder=None, changed=False, message=message)
        digest, version = champion
        folder = str(self.models.folder(version))
        return Champion(version=version, artifact_digest=digest, folder=folder, changed=changed, message=message)

    def champion_release(self) -> tuple[RgbArtifact, EvaluationReport] | None:
        """The champion's own receipts, its bytes as they were decided on; None where nobody was promoted yet."""
        champion = self.look().champion
        if champion is None:
            return None
        digest, version = champion
        self.models.assert_intact(version, digest)
        return self.models.release(version)

    def version_named(self, name: str) -> str:
        """The version that champion, previous_champion, challenger or a number stands for.

        Raises:
            ValueError: there is none; names those there are.
        """
        line = self.look().line
        named = {"champion": line[-1:], "previous_champion": line[-2:-1]}
        if name not in named:
            return self.models.version_named(name)
        if not named[name]:
            raise ValueError(self.models.lacks(name))
        return named[name][0][1]

    def verified_folder(self, name: str) -> Path:
        """The artifact of a version, by number or name, byte by byte what was decided on or registered.

        Raises:
            ValueError: there is none, or a file of it changed; names the file.
        """
        version = self.version_named(name)
        entry = next((entry for entry in reversed(self.look().entries) if entry.version == version), None)
        return self.models.assert_intact(version, entry and entry.candidate)

    def misled(self, reigns: Reigns) -> list[str]:
        """What in the registry does not follow the ledger: an alias moved by hand, a decision that broke off."""
        now = self.models.aliases()
        lines = [
            f"alias {alias} stands on {_version(now.get(alias))}, the ledger says {_version(version)}"
            for alias, version in _aliases(reigns).items()
            if now.get(alias) != version
        ]
        if self.is_unfinished(reigns):
            lines.append(f"the {reigns.entries[-1].told()} broke off before the registry followed")
        return lines

    def is_unfinished(self, reigns: Reigns) -> bool:
        """Whether the process that wrote the newest entry died before the registry followed."""
        return bool(reigns.entries) and self.models.head() != _head(reigns.entries[-1])

    def decide(self, draft: Draft, seen: Reigns) -> Entry:
        """Write a decision that was made looking at `seen`, and let the registry follow.

        Raises:
            ValueError: the champion is another one meanwhile, or the ledger cannot be written.
        """
        entry = self.ledger.append(draft, seen)
        self.follow()
        return entry

    def follow(self) -> Reigns:
        """Set the aliases and the head as the ledger says, whoever left them otherwise."""
        with self.ledger.held("aliases"):
            reigns = self.look()
            if reigns.entries:
                self.models.set_aliases(_aliases(reigns))
                self.models.set_head(_head(reigns.entries[-1]))
        return reigns

    def _assert_holds(self, reigns: Reigns, head: str) -> None:
        sequence, _, digest = head.partition(" ")
        number = int(sequence)
        if number > len(reigns.entries):
            raise ValueError(
                f"{self.ledger.where} ends at entry {len(reigns.entries)}, but the registry remembers entry {number}: "
                "its tail was cut off, or it is an older copy: restore a backup (`graspline restore`)"
            )
        if reigns.entries[number - 1].hash != digest:
            raise ValueError(
                f"{self.ledger.where}, entry {number} is not the one that the registry remembers: the ledger was "
                "written anew, or is another registry's: restore a backup, or name the right one (tracking.ledger)"
            )

    def _no_ledger(self, head: str | None) -> str:
        what = f"its entry {head.partition(' ')[0]}" if head else "a champion"
        return (
            f"{self.ledger.where} is empty, but the registry knows {what} of {self.config.registered_model}: nothing "
            "is decided before the ledger is found again. Name the team's (tracking.ledger=...), restore a backup "
            "(`graspline restore`), or take over the file of an older checkout (`graspline ledger migrate`)"
        )


def gate_draft(
    seen: Reigns, candidate: RegisteredCandidate, decision: Decision, evidence: Evidence, automatic: bool
) -> Draft:
    """What the gate decided: a promotion, a model that passed and waits for a person, or a refusal."""
    judged, now = (candidate.artifact.digest, candidate.version), seen.champion or (None, None)
    promoted = decision.passed and automatic
    after = judged if promoted else now
    return Draft(
        action="promote" if promoted else "pass" if decision.passed else "refuse",
        by="gate",
        actor=getpass.getuser(),
        known_by="account",
        candidate=judged[0],
        version=judged[1],
        champion_before=now[0],
        champion_version_before=now[1],
        champion=after[0],
        champion_version=after[1],
        verdict=decision.passed,
        evidence=evidence,
        reason=why(decision),
    )


def why(decision: Decision) -> str:
    """All rules of a model that passed, else the rules that refuse it."""
    return "; ".join(reason.message for reason in decision.reasons if decision.passed or not reason.passed)


def _aliases(reigns: Reigns) -> dict[str, str | None]:
    line = [version for _, version in reigns.line]
    return {"champion": line[-1] if line else None, "previous_champion": line[-2] if len(line) > 1 else None}


def _head(entry: Entry) -> str:
    return f"{entry.sequence} {entry.hash}"


def _version(version: str | None) -> str:
    return f"version {version}" if version else "none"
