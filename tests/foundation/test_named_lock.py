"""Who waits is told for whom, and a dead holder holds nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from foundation.named_lock import held, holders

HOLD = """
import sys, time
from pathlib import Path
from foundation.named_lock import held
with held(Path("a.lock"), sys.argv[1], print, sys.argv[2]):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(name: str, how: str) -> subprocess.Popen[str]:
    """Another process that holds the lock until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, name, how], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


def test_who_waits_is_told_for_whom(project: Path) -> None:
    said: list[str] = []
    readers = [holder(name, "shared") for name in ("ada", "ben")]

    def tell(line: str) -> None:
        said.append(line)
        for reader in readers:
            reader.communicate("")

    with held(Path("a.lock"), "me", tell):
        assert said == ["waiting for ada, ben"]
        assert holders(Path("a.lock")) == "me"
    with held(Path("a.lock"), "me", said.append):
        assert len(said) == 1, "it is free again"


def test_those_who_share_it_do_not_wait(project: Path) -> None:
    reader = holder("ada", "shared")
    with held(Path("a.lock"), "me", pytest.fail, "shared"), held(Path("a.lock"), "me", pytest.fail, "shared"):
        assert holders(Path("a.lock")) in ("ada, me", "me, ada")
    assert holders(Path("a.lock")) == "ada", "given back once, at the outer end"
    reader.communicate("")


def test_a_dead_holder_holds_nothing(project: Path) -> None:
    dead = holder("ada", "alone")
    dead.kill()
    dead.wait()
    with held(Path("a.lock"), "me", pytest.fail):
        assert holders(Path("a.lock")) == "me"
