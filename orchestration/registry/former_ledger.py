"""registry/ledgers/<model>.jsonl, the ledger that a checkout kept before 2026-11-27: read once, to be taken over.

Its own chain is checked first. Every line becomes an entry of the registry's ledger, with its time, actor and reason;
what such a line did not say (the evidence, the gate's verdict apart from the action) stays unsaid.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from foundation.json_lines import read_json_lines
from orchestration.registry.entries import GENESIS, Draft

FOLDER = Path("registry/ledgers")


def former_file(model: str) -> Path:
    """Where a checkout kept the ledger of a model."""
    return FOLDER / f"{model}.jsonl"


def former_entries(file: Path) -> list[tuple[str, Draft]]:
    """(time, decision) of every line, the oldest first.

    Raises:
        ValueError: there is no such file, or a line was changed.
    """
    if not file.exists():
        raise ValueError(f"{file} is missing: there is no ledger of an older checkout here to take over")
    found: list[tuple[str, Draft]] = []
    previous, champion = GENESIS, (None, None)
    for number, line in read_json_lines(file, appended=True):
        body = {key: value for key, value in line.items() if key != "hash"}
        if line.get("previous_hash") != previous or line.get("hash") != _hash(body) or line.get("sequence") != number:
            raise ValueError(f"{file}, line {number}: the chain is broken; restore the file from a backup")
        found.append((str(line["time"]), _draft(line, champion)))
        previous, champion = line["hash"], (line["champion"], line["champion_version"])
    return found


def _draft(line: dict[str, Any], before: tuple[str | None, str | None]) -> Draft:
    action = line["action"]
    by_gate = action == "refuse"  # nobody could refuse by hand; who promoted was not written down
    return Draft(
        action=action,
        by="gate" if by_gate else "person",
        actor=line["actor"],
        known_by="account",
        candidate=line["candidate"],
        version=line["version"],
        champion_before=before[0],
        champion_version_before=before[1],
        champion=line["champion"],
        champion_version=line["champion_version"],
        verdict=False if by_gate else None,
        reason=line["reason"],
    )


def _hash(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
