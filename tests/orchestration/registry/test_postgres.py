"""The ledger in PostgreSQL: the same chain, one winner of many, locks that end with their holder."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.registry.ledger import Ledger
from tests.orchestration.registry.test_ledger import decide, race

AS_NOBODY = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []  # it does not run as root


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server of this module's own, on loopback, in a folder that goes with it."""
    pytest.importorskip("psycopg", reason="an extra: `make setup-extras` installs psycopg")
    initdb, postgres = shutil.which("initdb"), shutil.which("postgres")
    if not initdb or not postgres:
        pytest.skip("PostgreSQL is not installed here (initdb, postgres)")
    folder = Path(tempfile.mkdtemp(prefix="graspline_postgres_"))
    if AS_NOBODY:
        shutil.chown(folder, "postgres")
    port = free_port()
    made = subprocess.run(
        [*AS_NOBODY, initdb, "-D", str(folder / "data"), "-U", "graspline", "-A", "trust", "--no-sync"],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        shutil.rmtree(folder)
        pytest.skip(f"PostgreSQL does not make a cluster here: {made.stderr.strip()[-200:]}")
    options = ["-D", str(folder / "data"), "-h", "127.0.0.1", "-p", str(port), "-k", str(folder)]
    server = subprocess.Popen([*AS_NOBODY, postgres, *options], stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    for line in server.stderr:
        if "ready to accept connections" in line:
            break
    yield f"postgresql://graspline@127.0.0.1:{port}/postgres"
    server.terminate()
    server.communicate(timeout=60)
    shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_decisions_are_chained_and_kept_apart(address: str) -> None:
    assert Ledger(address, "here", "a").entries() == []
    seen = decide(Ledger(address, "here", "a"), "+a", "!b", "+c", "-a")
    assert seen.champion == ("a", "a")
    assert Ledger(address, "here", "a").entries() == list(seen.entries)
    assert Ledger(address, "there", "a").entries() == []


def test_of_racing_processes_exactly_one_wins(address: str, tmp_path: Path) -> None:
    codes, told = race(tmp_path, address, "abcd")
    assert sorted(codes) == [0, 1, 1, 1], told
    assert [entry.champion for entry in Ledger(address, "here", "rgb").entries()] == ["abcd"[codes.index(0)]]


def test_a_lock_is_held_by_one_and_ends_with_it(address: str) -> None:
    import sqlalchemy as sql

    ledger = Ledger(address, "here", "b")
    with ledger.held("aliases"):
        others = sql.create_engine(address, poolclass=sql.NullPool)
        with others.connect() as connection:
            free = sql.select(sql.func.pg_try_advisory_lock(ledger._key("aliases")))
            assert connection.execute(free).scalar() is False
    with ledger.held("aliases"):
        pass


def test_a_server_that_is_gone_is_told_in_a_line() -> None:
    pytest.importorskip("psycopg", reason="an extra: `make setup-extras` installs psycopg")
    gone = Ledger(f"postgresql://x@127.0.0.1:{free_port()}/y", "here", "rgb")
    with pytest.raises(ValueError, match=r"does not answer or cannot be written .*refused"):
        gone.entries()
