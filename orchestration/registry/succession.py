"""Who is champion: decided by compare-and-swap on the ledger, which the registry's aliases then follow.

Both are safe to repeat: `follow_ledger` sets the aliases again from the ledger whenever a process died between the two.
"""

import getpass
from pathlib import Path

from evaluation.contracts import Decision, EvaluationReport
from model.contracts import RgbArtifact, TrackingConfig
from orchestration.registry.contracts import Champion, RegisteredCandidate
from orchestration.registry.ledger import GENESIS, Action, Entry, Ledger
from orchestration.registry.models import ModelRegistry

LEDGERS = Path("registry/ledgers")


def ledger_of(config: TrackingConfig) -> Ledger:
    """Each registered model has a champion, and so a ledger, of its own."""
    return Ledger(LEDGERS / f"{config.registered_model}.jsonl")


class Succession:
    """The champions of one registered model, past and present."""

    def __init__(self, config: TrackingConfig) -> None:
        self.models = ModelRegistry(config)
        self.ledger = ledger_of(config)

    def champion(self, changed: bool, message: str) -> Champion:
        """The receipt of who is champion now."""
        now = self.ledger.champion()
        if now is None:
            return Champion(version=None, artifact_digest=None, folder=None, changed=False, message=message)
        version = str(now.champion_version)
        folder = str(self.models.folder(version))
        return Champion(version=version, artifact_digest=now.champion, folder=folder, changed=changed, message=message)

    def champion_release(self) -> tuple[RgbArtifact, EvaluationReport] | None:
        """The champion's own receipts, as they were registered; None where nobody was promoted yet."""
        champion = self.ledger.champion()
        return None if champion is None else self.models.release(str(champion.champion_version))

    def is_recorded(self, candidate: RegisteredCandidate, decision: Decision) -> bool:
        """Whether the ledger's newest line holds this decision already: it is champion, or is refused once more."""
        entries = self.ledger.entries()
        if not entries:
            return False
        is_champion = entries[-1].champion == candidate.artifact.digest
        is_refused = entries[-1].action == "refuse" and entries[-1].candidate == candidate.artifact.digest
        return is_champion or (is_refused and not decision.passed)

    def record(self, candidate: RegisteredCandidate, decision: Decision, reason: str) -> Entry:
        """Write what the gate decided into the ledger.

        Raises:
            ValueError: the champion is no longer the one the gate compared with.
        """
        now = self.ledger.champion()
        judged = (candidate.artifact.digest, candidate.version)
        if decision.passed:
            entry = _entry("promote", judged, judged, reason)
        else:
            entry = _entry("refuse", judged, (str(now.champion), str(now.champion_version)) if now else None, reason)
        return self._write(entry, decision.champion_digest)

    def promote(self, version: str, reason: str) -> Entry:
        """Make a version champion by hand.

        Raises:
            ValueError: it is champion already.
        """
        now, digest = self.ledger.champion(), self.models.digest(version)
        if now is not None and now.champion == digest:
            raise ValueError(f"version {version} is champion already")
        return self._write(_entry("promote", (digest, version), (digest, version), reason), now and now.champion)

    def version_to_restore(self) -> str:
        """The version a rollback would bring back.

        Raises:
            ValueError: there is nobody to go back to.
        """
        before, now = self.ledger.previous_champion(), self.ledger.champion()
        if before is None:
            state = f"version {now.champion_version} is the first champion" if now else "nobody was promoted yet"
            raise ValueError(f"nothing to go back to: {state}")
        return before[1]

    def rollback(self, reason: str) -> Entry:
        """Make the champion before this one champion again. ValueError: there is none."""
        self.version_to_restore()
        before, now = self.ledger.previous_champion(), self.ledger.champion()
        assert before is not None
        return self._write(_entry("rollback", before, before, reason), now and now.champion)

    def follow_ledger(self) -> None:
        """Set the aliases `champion` and `previous_champion` to what the ledger holds."""
        now, before = self.ledger.champion(), self.ledger.previous_champion()
        self.models.set_aliases({"champion": now and now.champion_version, "previous_champion": before and before[1]})

    def _write(self, entry: Entry, expected_champion: str | None) -> Entry:
        written = self.ledger.append(entry, expected_champion)
        self.follow_ledger()
        return written


def _entry(action: Action, candidate: tuple[str, str], champion: tuple[str, str] | None, reason: str) -> Entry:
    """A ledger line by this user, before the ledger gives it its place in the chain."""
    return Entry(
        sequence=0,
        time="",
        actor=getpass.getuser(),
        action=action,
        candidate=candidate[0],
        version=candidate[1],
        champion=champion[0] if champion else None,
        champion_version=champion[1] if champion else None,
        reason=reason,
        previous_hash=GENESIS,
    )
