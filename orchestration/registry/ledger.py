"""The ledger of decisions, in the registry's database: append-only, hash-chained, compare-and-swap on the champion.

MLflow's aliases are last-write-wins and remember nothing; the ledger is the truth and they follow it. It belongs to the
registry, not to a checkout: beside MLflow's SQLite file, inside MLflow's PostgreSQL database, or where
`tracking.ledger` says. Rows are keyed by server and model. Reading makes no file and no table.
"""

import hashlib
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sql
from filelock import FileLock, Timeout
from pydantic import ValidationError
from sqlalchemy.event import listen
from sqlalchemy.exc import DBAPIError, IntegrityError, NoSuchModuleError

from foundation.addresses import redacted
from foundation.tracking_store import SQLITE, sqlite_file
from model.contracts import TrackingConfig
from orchestration.registry.entries import Draft, Entry, chained, check_link
from orchestration.registry.reigns import Reigns, reigns_of

FILE = "ledger.db"  # beside MLflow's database
PATIENCE_SECONDS = 60  # that a writer waits for another one
TABLE = sql.Table(
    "graspline_ledger",
    sql.MetaData(),
    sql.Column("server", sql.Text, primary_key=True),
    sql.Column("model", sql.Text, primary_key=True),
    sql.Column("sequence", sql.Integer, primary_key=True, autoincrement=False),
    sql.Column("previous_hash", sql.Text, nullable=False),
    sql.Column("hash", sql.Text, nullable=False),
    sql.Column("body", sql.Text, nullable=False),
    sql.UniqueConstraint("server", "model", "previous_hash"),  # two entries after one: impossible whoever writes
)


class ChampionChangedError(ValueError):
    """Somebody else changed the champion since it was looked at; nothing was written."""


class Ledger:
    """The decisions about one registered model."""

    def __init__(self, address: str, server: str, model: str) -> None:
        self.address, self.server, self.model = address, server, model
        self.where = f"the ledger of {model} in {redacted(address)}"

    def entries(self) -> list[Entry]:
        """Every decision, the oldest first, their chain checked.

        Raises:
            ValueError: an entry was changed, moved or removed, or the database does not answer.
        """
        if self._file and not self._file.exists():
            return []
        with self._plainly(), self._engine.connect() as connection:
            if not sql.inspect(connection).has_table(TABLE.name):
                return []
            return self._read(connection)

    def append(self, draft: Draft, seen: Reigns) -> Entry:
        """Add a decision, whole or not at all, if the champion is still the one of `seen`.

        Raises:
            ChampionChangedError: another decision was quicker; says which.
            ValueError: a clock far behind, a database that does not answer or has no room.
        """
        with self._writing() as connection:
            entries = self._read(connection)
            self._assert_unchanged(reigns_of(entries), seen)
            entry = chained(draft, self.model, entries[-1] if entries else None, datetime.now(UTC))
            self._insert(connection, entry)
        return entry

    def take_over(self, former: Sequence[tuple[str, Draft]]) -> list[Entry]:
        """Fill an empty ledger with decisions and their times, all or none.

        Raises:
            ValueError: it is not empty.
        """
        with self._writing() as connection:
            if entries := self._read(connection):
                raise ValueError(f"{self.where} holds {len(entries)} entries already: nothing is taken over")
            for time, draft in former:
                when = datetime.fromisoformat(time)
                entries.append(chained(draft, self.model, entries[-1] if entries else None, when))
                self._insert(connection, entries[-1])
        return entries

    @contextmanager
    def held(self, what: str) -> Generator[None]:
        """One process at a time, of all that use this ledger, does `what`; the others wait.

        Raises:
            ValueError: it was not let in within PATIENCE_SECONDS.
        """
        if self._file:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._file.with_name(f".{self._file.name}.{what}.lock"))
            try:
                lock.acquire(PATIENCE_SECONDS)
            except Timeout as error:
                raise ValueError(
                    f"{lock.lock_file} is held by another process for more than {PATIENCE_SECONDS:g} s: wait for it, "
                    "then repeat the command"
                ) from error
            try:
                yield
            finally:
                lock.release()
            return
        with self._plainly():
            connection = self._engine.connect()
            connection.execute(sql.select(sql.func.pg_advisory_lock(self._key(what))))
        try:
            yield
        finally:
            connection.invalidate()  # the server lets go of the lock with the connection
            connection.close()

    @contextmanager
    def _writing(self) -> Generator[sql.Connection]:
        """One transaction that no other writer of this model is in."""
        if self._file:
            self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._plainly(), self._engine.execution_options(writes=True).begin() as connection:
            if not self._file:
                connection.execute(sql.select(sql.func.pg_advisory_xact_lock(self._key("append"))))
            TABLE.create(connection, checkfirst=True)
            yield connection

    def _insert(self, connection: sql.Connection, entry: Entry) -> None:
        row = {"server": self.server, "body": entry.body()}
        row |= entry.model_dump(include={"model", "sequence", "previous_hash", "hash"})
        connection.execute(TABLE.insert().values(row))

    def _key(self, what: str) -> int:
        """A lock's number in PostgreSQL."""
        return int.from_bytes(hashlib.sha256(f"{what} {self.server} {self.model}".encode()).digest()[:7], "big")

    def _read(self, connection: sql.Connection) -> list[Entry]:
        mine = (TABLE.c.server == self.server) & (TABLE.c.model == self.model)
        rows = connection.execute(sql.select(TABLE).where(mine).order_by(TABLE.c.sequence)).all()
        entries: list[Entry] = []
        for number, row in enumerate(rows, 1):
            try:
                entry = Entry.model_validate_json(row.body).model_copy(update={"hash": row.hash})
            except ValidationError as error:
                raise ValueError(
                    f"{self.where}, entry {number} is damaged or of another version of Graspline: restore a backup"
                ) from error
            as_stored = (row.model, row.sequence, row.previous_hash, row.body)
            if as_stored != (entry.model, entry.sequence, entry.previous_hash, entry.body()):
                raise ValueError(f"{self.where}, entry {number}: its row was changed: restore a backup")
            check_link(entry, entries[-1] if entries else None, self.where)
            entries.append(entry)
        return entries

    def _assert_unchanged(self, now: Reigns, seen: Reigns) -> None:
        before, after = seen.reign, now.reign
        if (before and before.hash) == (after and after.hash):
            return
        expected = f"version {before.champion_version}" if before else "none"
        won = f"{after.told()}: {after.reason}" if after else "the ledger is empty"
        raise ChampionChangedError(
            f"the champion changed meanwhile (expected {expected}, is "
            f"{f'version {after.champion_version}' if after else 'none'}, by the {won}): look at `graspline status` "
            "and decide again"
        )

    @property
    def _file(self) -> Path | None:
        return sqlite_file(self.address)

    @cached_property
    def _engine(self) -> sql.Engine:
        try:
            engine = sql.create_engine(self.address, poolclass=sql.NullPool, connect_args=self._patience())
        except (NoSuchModuleError, ModuleNotFoundError) as error:
            raise ValueError(
                f"{redacted(self.address)} cannot be opened ({error}): for PostgreSQL `make "
                "setup-extras`, and postgresql://HOST/DATABASE as its address"
            ) from error
        if self._file:
            listen(engine, "connect", _plain_transactions)
            listen(engine, "begin", _begin)
        return engine

    def _patience(self) -> dict[str, Any]:
        return {"timeout": PATIENCE_SECONDS} if self._file else {"connect_timeout": 10}

    @contextmanager
    def _plainly(self) -> Generator[None]:
        """What a database says, in one line with the fix."""
        try:
            yield
        except IntegrityError as error:
            raise ChampionChangedError(
                f"{self.where} got another decision in the same moment: look at `graspline status` and decide again"
            ) from error
        except DBAPIError as error:
            said = redacted(str(error.orig).strip().partition("\n")[0]) if error.orig else type(error).__name__
            raise ValueError(
                f"{self.where} does not answer or cannot be written ({said}), nothing was decided: see to the "
                "database (its server, room on its disk, a lock that another process holds), then repeat the command"
            ) from error


def ledger_of(config: TrackingConfig) -> Ledger:
    """The ledger of the configured registered model.

    Raises:
        ValueError: MLflow is a server, and nobody said where the team's ledger is.
    """
    model, database = config.registered_model, sqlite_file(config.uri)
    if config.ledger:
        if not config.ledger.startswith(("sqlite:", "postgresql")):
            raise ValueError(f"tracking.ledger={config.ledger} is no database: say postgresql://HOST/DATABASE")
        return Ledger(config.ledger, config.uri.rstrip("/"), model)
    if database:
        return Ledger(f"{SQLITE}{database.parent / FILE}", database.name, model)
    if config.uri.startswith("postgresql"):
        return Ledger(config.uri, "here", model)
    raise ValueError(
        f"{config.uri} is a server, and its ledger must be one for all who use it: say "
        "tracking.ledger=postgresql://HOST/DATABASE, the database that keeps it"
    )


def _begin(connection: sql.Connection) -> None:
    """A writer has the file to itself from its first look on; a reader locks nothing."""
    if connection.get_execution_options().get("writes"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _plain_transactions(connection: Any, _record: Any) -> None:
    """Transactions begin where they are said to (sqlite3 begins some by itself), and reach the disk."""
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous=FULL")
