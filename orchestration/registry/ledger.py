"""registry/ledgers/<model>.jsonl: who was champion when, and why. Append-only, hash-chained, compare-and-swap.

MLflow's aliases are last-write-wins and remember nothing; this file is the truth and the aliases follow it.
Each line holds the sha256 of the line before it, so a changed or missing line is found when the file is read.
"""

import fcntl
import hashlib
import itertools
import json
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ValidationError

from foundation.json_lines import append_line, read_lines

Action = Literal["promote", "refuse", "rollback"]
GENESIS = "0" * 64


class Entry(BaseModel, frozen=True, extra="forbid"):
    """One line of the ledger."""

    sequence: int
    time: str  # UTC, ISO 8601
    actor: str
    action: Action
    candidate: str  # artifact digest the action is about
    version: str  # its MLflow version
    champion: str | None  # artifact digest of the champion after this line
    champion_version: str | None
    reason: str
    previous_hash: str
    hash: str = ""


class Ledger:
    """The promotion log in one file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def entries(self) -> list[Entry]:
        """All lines, oldest first, their chain checked.

        Raises:
            ValueError: a line was changed, lost or damaged.
        """
        entries, previous = [], GENESIS
        for number, line in read_lines(self.file, appended=True):
            try:
                entry = Entry.model_validate_json(line)
            except ValidationError as error:
                raise ValueError(f"{self.file}, line {number} is damaged; restore the file from a backup") from error
            if entry.previous_hash != previous or entry.hash != _hash(entry) or entry.sequence != number:
                raise ValueError(f"{self.file}, line {number}: the chain is broken; restore the file from a backup")
            entries.append(entry)
            previous = entry.hash
        return entries

    def champion(self) -> Entry | None:
        """The newest line's view of the champion; None where nobody was promoted yet."""
        entries = self.entries()
        return entries[-1] if entries and entries[-1].champion else None

    def previous_champion(self) -> tuple[str, str] | None:
        """(digest, version) of the champion that a rollback would restore."""
        champions: list[tuple[str, str]] = []
        for entry in self.entries():
            if entry.action == "rollback":
                champions.pop()
            elif entry.action == "promote":
                assert entry.champion
                assert entry.champion_version
                champions.append((entry.champion, entry.champion_version))
        return champions[-2] if len(champions) > 1 else None

    def was_rolled_back(self, digest: str) -> bool:
        """Whether a person rolled this model back after its last promotion."""
        rolled_back = False
        for before, entry in itertools.pairwise(self.entries()):
            if entry.action == "rollback" and before.champion == digest:
                rolled_back = True
            elif entry.action == "promote" and entry.champion == digest:
                rolled_back = False
        return rolled_back

    def append(self, entry: Entry, expected_champion: str | None) -> Entry:
        """Add one line if the champion is still the expected one.

        Raises:
            ValueError: somebody else changed the champion meanwhile; nothing was written.
        """
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with _locked(self.file.with_suffix(".lock")):
            entries = self.entries()
            now = entries[-1].champion if entries else None
            if now != expected_champion:
                raise ValueError(
                    f"the champion changed meanwhile (expected {_short(expected_champion)}, is {_short(now)}): "
                    "look at `graspline status` and decide again"
                )
            chained = entry.model_copy(
                update={
                    "sequence": len(entries) + 1,
                    "time": datetime.now(UTC).isoformat(timespec="seconds"),
                    "previous_hash": entries[-1].hash if entries else GENESIS,
                }
            )
            sealed = chained.model_copy(update={"hash": _hash(chained)})
            append_line(self.file, sealed.model_dump_json())
            return sealed


@contextmanager
def _locked(file: Path) -> Generator[None]:
    with file.open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _hash(entry: Entry) -> str:
    body = entry.model_dump(exclude={"hash"})
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _short(digest: str | None) -> str:
    return digest[:12] if digest else "none"
