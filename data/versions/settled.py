"""What DVC last reported as done, so that a run in which nothing changed asks no file twice.

DVC looks at every file of a batch again for each command: 6 to 10 seconds over 60,000 files (docs/experiments.md). Here
the state of all that a stage depends on and of what it made is one digest, kept in datasets/.memory/settled after DVC
succeeded. The same state again is the same answer; anything else is for DVC to find out.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import yaml

from data.versions.batch_entry import RAW, batch_entry, known_batches, stage_identities
from foundation.digests import file_sha256, folder_digest
from foundation.whole_file import write_whole

MEMORY = Path("datasets/.memory/settled")
STAGES, LOCK = Path("dvc.yaml"), Path("dvc.lock")
What = Literal["raw", "prepare", "encoders", "encode"]
Yaml = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's, where it is there: ten times as fast


def is_settled(what: What, batch: str) -> bool:
    """Whether nothing that DVC would look at changed since it last reported that this is done."""
    file = _memory(what, batch)
    return file.exists() and file.read_text(encoding="utf-8") == _state(what, batch)


def settle(what: What, batch: str) -> None:
    """Remember that DVC reported it as done."""
    state = _state(what, batch)
    if state is not None:
        MEMORY.mkdir(parents=True, exist_ok=True)
        write_whole(_memory(what, batch), state)


def is_lost(stage: What, batch: str) -> bool:
    """Whether what a stage once made is not there any more."""
    outputs = [Path(out["path"]) for out in _locked(stage, batch).get("outs", [])]
    return any(not path.exists() for path in outputs)


def _state(what: What, batch: str) -> str | None:
    """Digest of all that decides the answer; None where something is missing."""
    if what == "raw":
        pointer = RAW / f"{batch}.dvc"
        return _digest(pointer.read_text(encoding="utf-8"), _bytes(RAW / batch)) if pointer.exists() else None
    locked = _locked(what, batch)
    if batch not in known_batches() or not locked:
        return None
    paths = sorted({Path(named["path"]) for side in ("deps", "outs") for named in locked[side]})
    if not all(path.exists() for path in paths):
        return None
    decides = stage_identities(batch_entry(batch))[what]
    return _digest(STAGES.read_text(encoding="utf-8"), decides, locked, {str(path): _bytes(path) for path in paths})


def _locked(stage: What, batch: str) -> dict[str, Any]:
    """What dvc.lock records of a stage: its command, and the paths it depends on and makes."""
    lock = yaml.load(LOCK.read_text(encoding="utf-8"), Yaml) if LOCK.exists() else {}
    return lock.get("stages", {}).get(f"{stage}@{batch}", {})


def _bytes(path: Path) -> str:
    if path.is_file():
        return file_sha256(path)
    return folder_digest(path) if any(path.iterdir()) else "empty"


def _digest(*parts: Any) -> str:
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _memory(what: What, batch: str) -> Path:
    return MEMORY / f"{what}@{batch}"
