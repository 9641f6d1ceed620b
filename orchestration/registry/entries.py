"""One decision about one model: what a line of the ledger says, and how lines are chained.

Each entry holds the sha256 of the entry before it, so a changed, lost, moved or inserted one is found by whoever reads.
Nothing here touches a database; who reigns by a list of entries is in `reigns`.
"""

import hashlib
import json
from datetime import datetime
from typing import Literal

from pydantic import BaseModel

Action = Literal["pass", "refuse", "promote", "approve", "rollback"]
CHANGES: tuple[Action, ...] = ("promote", "approve", "rollback")  # of these every one makes a champion
GENESIS = "0" * 64
CLOCKS_DIFFER_SECONDS = 300  # between the machines of a team; more is a clock that was set back


class Evidence(BaseModel, frozen=True, extra="forbid"):
    """Digests of what a decision rests on; None: not looked at, as where a person goes back to a former champion."""

    report: str | None = None  # of the version's receipts, as they were registered
    exam: str | None = None
    sealed_exam: str | None = None
    gate: str | None = None  # of the rules
    configuration: str | None = None


class Draft(BaseModel, frozen=True, extra="forbid"):
    """A decision before it has its place in the ledger."""

    action: Action
    by: Literal["gate", "person"]
    actor: str
    known_by: str  # how the actor's name is known: the account of this machine, the configuration
    candidate: str  # artifact digest of the model that the decision is about
    version: str  # its number in the registry
    champion_before: str | None
    champion_version_before: str | None
    champion: str | None  # artifact digest of the champion after the decision
    champion_version: str | None
    verdict: bool | None = None  # the gate's newest on the candidate; None: it was not asked
    against_gate: bool = False  # a person promoted what the gate had not let pass
    evidence: Evidence = Evidence()
    reason: str


class Entry(Draft, frozen=True, extra="forbid"):
    """One line of the ledger."""

    model: str
    sequence: int  # 1, 2, 3 ...
    time: str  # UTC, ISO 8601
    note: str = ""  # what was odd when it was written
    previous_hash: str
    hash: str = ""

    @property
    def changes(self) -> bool:
        """Whether it says who is champion from now on."""
        return self.action in CHANGES

    def body(self) -> str:
        """What is hashed and stored."""
        return json.dumps(self.model_dump(mode="json", exclude={"hash"}), sort_keys=True)

    def told(self) -> str:
        """Who, what, when, for a message."""
        return f"{self.action} of version {self.version} by {self.actor} at {self.time[:16].replace('T', ' ')} UTC"


def chained(draft: Draft, model: str, before: Entry | None, now: datetime) -> Entry:
    """The draft as the entry after `before`.

    Raises:
        ValueError: the clock is far behind the entry before.
    """
    behind = (datetime.fromisoformat(before.time) - now).total_seconds() if before else 0.0
    if before and behind > CLOCKS_DIFFER_SECONDS:
        raise ValueError(
            f"this machine's clock says {now.isoformat(timespec='seconds')}, but the last decision was at "
            f"{before.time}: set the clock, then decide again"
        )
    entry = Entry(
        **dict(draft),
        model=model,
        sequence=before.sequence + 1 if before else 1,
        time=now.isoformat(timespec="seconds"),
        note=f"written {behind:.0f} s before the entry before it, by its clock" if behind >= 1 else "",
        previous_hash=before.hash if before else GENESIS,
    )
    return entry.model_copy(update={"hash": hash_of(entry)})


def hash_of(entry: Entry) -> str:
    """sha256 of all that the entry says."""
    return hashlib.sha256(entry.body().encode()).hexdigest()


def check_link(entry: Entry, before: Entry | None, where: str) -> None:
    """Raise ValueError, with its number, where an entry is not as it was written or does not follow the one before."""
    number, previous = (before.sequence + 1, before.hash) if before else (1, GENESIS)
    if entry.previous_hash != previous or entry.hash != hash_of(entry) or entry.sequence != number:
        raise ValueError(
            f"{where}, entry {number}: the chain is broken, it was changed, moved or removed: restore a backup "
            "(`graspline restore`)"
        )
