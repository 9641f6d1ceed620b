"""A checkout's own ledger file is taken over whole, once, with times and reasons, or refused where it was changed."""

import hashlib
import json
from pathlib import Path

import pytest

from foundation.tracking_store import SQLITE
from orchestration.registry.former_ledger import former_entries, former_file
from orchestration.registry.ledger import Ledger
from orchestration.registry.reigns import reigns_of


@pytest.fixture
def file(project: Path) -> Path:
    """Version 1 reigned, 2 was refused, 3 reigned and was rolled back: as such a file was written."""
    previous, lines = "0" * 64, list[str]()
    told = (("promote", "1", "1"), ("refuse", "2", "1"), ("promote", "3", "3"), ("rollback", "1", "1"))
    for sequence, (action, version, champion) in enumerate(told, 1):
        body = {
            "sequence": sequence,
            "time": f"2026-03-0{sequence}T12:00:00+00:00",
            "actor": "ada",
            "action": action,
            "candidate": f"digest {version}",
            "version": version,
            "champion": f"digest {champion}",
            "champion_version": champion,
            "reason": "because",
            "previous_hash": previous,
        }
        previous = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        lines.append(json.dumps({**body, "hash": previous}))
    file = former_file("rgb")
    file.parent.mkdir(parents=True)
    file.write_text("\n".join(lines) + "\n")
    return file


def test_it_is_taken_over_once(file: Path) -> None:
    ledger = Ledger(f"{SQLITE}registry/ledger.db", "mlflow.db", "rgb")
    ledger.take_over(former_entries(file))
    seen = reigns_of(ledger.entries())
    assert [(entry.action, entry.version, entry.time[:10]) for entry in seen.entries] == [
        ("promote", "1", "2026-03-01"),
        ("refuse", "2", "2026-03-02"),
        ("promote", "3", "2026-03-03"),
        ("rollback", "1", "2026-03-04"),
    ]
    assert seen.champion == ("digest 1", "1")
    assert seen.ruled_out("digest 3") == seen.entries[-1], "who was rolled back stays so"
    with pytest.raises(ValueError, match="holds 4 entries already: nothing is taken over"):
        ledger.take_over(former_entries(file))
    assert len(ledger.entries()) == 4


def test_a_changed_line_takes_nothing_over(file: Path) -> None:
    file.write_text(file.read_text().replace("because", "bribed", 1))
    with pytest.raises(ValueError, match=r"rgb\.jsonl, line 1: the chain is broken"):
        former_entries(file)
    file.unlink()
    with pytest.raises(ValueError, match="there is no ledger of an older checkout here"):
        former_entries(file)
