"""The storage of everything that must outlive a process, in SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ringproof_server.domain.policy import Policy
from ringproof_server.storage.applications import KnownApplications
from ringproof_server.storage.caller_ids import SnapshotOutdated, Snapshots
from ringproof_server.storage.links import Link
from ringproof_server.storage.postgresql import PostgresqlDatabase
from ringproof_server.storage.retention import delete, erase
from ringproof_server.storage.session import SqlSession
from ringproof_server.storage.sqlite import SqliteDatabase
from ringproof_server.storage.statements import Engine

T = TypeVar("T")

_LOADS: Final = 3
"""How often a unit of work gives way to the loading of a pool before it loads the pool itself."""


class Database(Protocol):
    """What differs between the kinds of database: how units of work become transactions."""

    def write(self, work: Callable[[Link], T]) -> T: ...

    def read(self, work: Callable[[Link], T]) -> T: ...

    def ping(self) -> None: ...

    def close(self) -> None: ...


class SqlStorage:
    """`ports.Storage` in SQL. Opened once in each process, after forking; safe to use from many threads.

    A unit of work may run in another thread of this process, with the context variables of the thread that
    brought it, and more than once. It must not begin another write, and must not commit by itself.
    """

    def __init__(self, database: Database, hasher: Callable[[str], bytes], policy: Policy) -> None:
        self._database = database
        self._hasher = hasher
        self._applications = KnownApplications(policy)
        self._snapshots = Snapshots()

    def write(self, work: Callable[[SqlSession], T]) -> T:
        """As `ports.Storage.write` promises: durable before it returns, repeated on `Conflict`."""
        for _ in range(_LOADS):
            try:
                return self._database.write(lambda link: work(self._session(link)))
            except SnapshotOutdated as outdated:
                self._load_pool(outdated.application_id)
        return self._database.write(lambda link: work(self._session(link, loads_pools=True)))

    def read(self, work: Callable[[SqlSession], T]) -> T:
        """As `ports.Storage.read` promises. On SQLite all of `work` sees one moment; on PostgreSQL each
        statement sees its own."""
        return self._database.read(lambda link: work(self._session(link)))

    def run(self, work: Callable[[Connection], T]) -> T:
        """Like `write`, for modules that keep tables of their own in this database."""
        return self._database.write(lambda link: work(link.connection))

    def look(self, work: Callable[[Connection], T]) -> T:
        """Like `read`, for modules that keep tables of their own in this database."""
        return self._database.read(lambda link: work(link.connection))

    def erase(self, created_before: datetime, *, limit: int = 1000) -> int:
        """Erase the plain numbers, codes, caller IDs and payment details of finished verifications.

        Their keyed digests stay, so that limits and budgets go on counting; the verifications are not shown
        any more. One short unit of work; call it again while it answers `limit`.
        """
        return self._database.write(lambda link: erase(link, created_before, limit))

    def delete(self, created_before: datetime, *, limit: int = 1000) -> int:
        """Delete what has been erased, and seen events and idempotency keys of that age.

        One short unit of work; call it again while it answers `limit`.
        """
        return self._database.write(lambda link: delete(link, created_before, limit))

    def ping(self) -> None:
        """Raises `ServiceUnavailable` when the database cannot be reached."""
        self._database.ping()

    def close(self) -> None:
        self._database.close()

    def _session(self, link: Link, *, loads_pools: bool = False) -> SqlSession:
        return SqlSession(link, self._hasher, self._snapshots, self._applications, loads_pools=loads_pools)

    def _load_pool(self, application_id: str) -> None:
        self.read(lambda session: session.caller_ids.pool(application_id))


def open_storage(
    url: str,
    *,
    hasher: Callable[[str], bytes],
    policy: Policy | None = None,
    connections: int = 16,
) -> SqlStorage:
    """The storage at a database URL: `sqlite:///path` or `postgresql://user:password@host/name`.

    `hasher` makes the keyed digest (at least 8 bytes) by which numbers in E.164 form are looked up; it must
    stay the same for the life of the database. `policy` is what applications do not set otherwise.
    `connections` bounds this process's PostgreSQL connections for writing, and those for reading. Nothing is
    connected yet, and no table is made: see `migrations.upgrade`. Raises `ValueError`, without the URL, for a
    URL that cannot be used.
    """
    parsed = parse_url(url)
    database: Database
    if parsed.get_backend_name() == Engine.SQLITE:
        database = SqliteDatabase(parsed)
    else:
        database = PostgresqlDatabase(parsed, connections=connections)
    return SqlStorage(database, hasher, policy or Policy())


def parse_url(url: str) -> URL:
    """The URL with the driver that this project uses. Raises `ValueError` for other kinds of database."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError("this is not a database URL") from None
    if parsed.drivername in {"sqlite", "sqlite+pysqlite"}:
        return parsed.set(drivername="sqlite+pysqlite")
    if parsed.drivername in {"postgresql", "postgres", "postgresql+psycopg"}:
        return parsed.set(drivername="postgresql+psycopg")
    raise ValueError("the database must be sqlite:// or postgresql://")
