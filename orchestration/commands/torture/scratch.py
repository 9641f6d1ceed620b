"""Scratch projects that odd deliveries are thrown at, and what outside them nothing of them may touch.

FOLDER/base/              the good delivery of three clips that every case changes a copy of
FOLDER/NUMBER/project/    a whole project: DVC's files, datasets/, nothing trained
FOLDER/NUMBER/outside/    a secret that must neither change nor come in
"""

import shutil
from datetime import date
from pathlib import Path

from data.sources import BatchConfig, source_of
from data.versions.withdrawals import FILE as WITHDRAWALS
from data.versions.withdrawals import Withdrawal, add_withdrawal
from foundation.child_process import follow
from foundation.clip_format import ClipFormat
from foundation.digests import folder_digest
from foundation.home import ROOT
from foundation.map_items import Spread
from orchestration.commands.torture.kinds.ids import WITHDRAWN

SECRET = "the secret that must stay outside 5e1f0c7a"
RAW, PREPARED, CACHE = Path("datasets/raw"), Path("datasets/prepared"), Path(".dvc/cache")
LARGE = 50_000_000  # bytes; larger files hold no secret of ours


def deliver_base(folder: Path, batch: BatchConfig, clip: ClipFormat) -> None:
    """The good delivery: the batch that is given."""
    source_of(batch).deliver(batch, clip, folder / "base", Spread("processes", 1, None))


def make_scratch(folder: Path) -> None:
    """Make one scratch project and what lies around it."""
    (folder / "outside").mkdir(parents=True)
    (folder / "outside/secret").write_text(SECRET * 100, encoding="utf-8")
    project = folder / "project"
    project.mkdir()
    shutil.copy(ROOT / "dvc.yaml", project)
    code, why = follow(["-m", "dvc", "init", "--no-scm", "--quiet"], print, folder=project)
    assert code == 0, why


def empty_project() -> None:
    """As before any delivery, but for DVC's cache; works in the project, like everything below."""
    shutil.rmtree("datasets", ignore_errors=True)
    Path("dvc.lock").unlink(missing_ok=True)
    RAW.mkdir(parents=True)
    WITHDRAWALS.parent.mkdir(exist_ok=True)
    add_withdrawal(Withdrawal(person_id=WITHDRAWN, withdrawn=date(2026, 1, 1), actor="torture", reason="consent"))


def outside_digest() -> str:
    """Of everything outside that must not change."""
    return folder_digest(Path("../outside"))


def what_came_in() -> list[str]:
    """What must never happen: a command of a name was run, or the secret was copied into the project. Removes it."""
    secret = SECRET.encode()
    made = dict.fromkeys(Path("..").rglob("PWNED*"), "was made")
    inside = (path for root in (CACHE, PREPARED) for path in root.rglob("*") if path.is_file())
    copied = (path for path in inside if path.stat().st_size < LARGE and secret in path.read_bytes())
    found = made | dict.fromkeys(copied, "holds the secret from outside")
    for path in found:
        path.unlink()
    return [f"{path} {what}" for path, what in found.items()]
