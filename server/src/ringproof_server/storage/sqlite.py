"""SQLite: one writer per machine, many readers, and a flush shared by all who write at once."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, NullPool, create_engine, event
from sqlalchemy.engine import URL

from ringproof_server.domain.errors import ServiceUnavailable
from ringproof_server.ports import Conflict
from ringproof_server.storage.checkpoints import PAGES_AT_MOST, Checkpointer
from ringproof_server.storage.combining import Combiner, Job, WaitedTooLong
from ringproof_server.storage.faults import away_is_unavailable, is_away
from ringproof_server.storage.links import Link
from ringproof_server.storage.statements import Engine

if sys.platform != "win32":
    import fcntl

T = TypeVar("T")

_PATIENCE: Final = 20.0
"""Seconds that a write waits for its turn, and for programs that do not queue, such as a backup."""
_BATCH: Final = 128
"""Jobs in one transaction; more would let the first of them wait for the last."""
_TRIES: Final = 5
_BEGIN: Final = "BEGIN IMMEDIATE"


@dataclass(frozen=True, slots=True)
class _Marks:
    """What is said before and after a job of a batch, and to undo it."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    undo: tuple[str, ...]


_SHARED: Final = _Marks(("SAVEPOINT unit",), ("RELEASE unit",), ("ROLLBACK TO unit", "RELEASE unit"))
_LONE: Final = _Marks((), (), ("ROLLBACK", _BEGIN))
"""With the whole transaction to itself a job needs no savepoint."""


class Turn:
    """A lock file beside the database by which the processes of a machine queue for writing.

    SQLite alone lets waiting writers sleep and try again, so one may starve while others pass. On Windows
    there is only that.
    """

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + ".lock")
        self._descriptor: int | None = None

    @contextmanager
    def taken(self) -> Iterator[None]:
        if sys.platform == "win32":
            yield
            return
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    @contextmanager
    def taken_once(self) -> Iterator[None]:
        """For whoever writes once: nothing stays open afterwards."""
        try:
            with self.taken():
                yield
        finally:
            self.close()

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class _Opened:
    """One connection, as SQLAlchemy has it and as the driver has it.

    Units of work begin and end at the driver, because most of them use nothing else and SQLAlchemy's own
    transactions cost as much as a statement. It is told of the end only when it has been used.
    """

    __slots__ = ("connection", "raw")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.raw: Any = connection.connection.driver_connection

    def commit(self) -> None:
        (self.connection if self.connection.in_transaction() else self.raw).commit()

    def rollback(self) -> None:
        (self.connection if self.connection.in_transaction() else self.raw).rollback()


class SqliteDatabase:
    """A file database. Everything it acknowledges is on disk (WAL with `synchronous=FULL`)."""

    kind = Engine.SQLITE

    def __init__(self, url: URL) -> None:
        if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
            raise ValueError("SQLite needs the path of a database file")
        self._turn = Turn(Path(url.database))
        self._engine = create_engine(
            url,
            poolclass=NullPool,
            hide_parameters=True,
            connect_args={
                "check_same_thread": False,
                "cached_statements": 512,
                "timeout": _PATIENCE,
            },
        )
        event.listen(self._engine, "connect", set_up)
        self._combiner: Combiner[Link] = Combiner(self._run_batch, patience=_PATIENCE)
        self._writer: _Opened | None = None
        self._readers: deque[_Opened] = deque()
        self._is_closed = False
        self._checkpointer = Checkpointer(self._engine)

    def write(self, work: Callable[[Link], T]) -> T:
        try:
            return self._combiner.submit(work)
        except WaitedTooLong:
            raise ServiceUnavailable from None

    def read(self, work: Callable[[Link], T]) -> T:
        with away_is_unavailable(), self._reader() as opened:
            # One snapshot for the whole unit of work; in WAL mode it waits for no writer.
            opened.raw.execute("BEGIN")
            link = Link(self.kind, opened.raw, opened.connection, writes=False)
            try:
                return work(link)
            finally:
                link.close()
                opened.rollback()

    def ping(self) -> None:
        self.read(lambda link: link.connection.exec_driver_sql("SELECT 1"))

    def close(self) -> None:
        self._is_closed = True
        self._checkpointer.close()
        self._drop_writer()
        while self._readers:
            self._readers.pop().connection.close()
        self._turn.close()

    @contextmanager
    def _reader(self) -> Iterator[_Opened]:
        """A connection that nobody else uses; there never are more than threads that read at once."""
        try:
            opened = self._readers.pop()
        except IndexError:
            opened = _Opened(self._engine.connect())
            opened.raw.execute("PRAGMA query_only=ON")
        try:
            yield opened
        except BaseException as error:
            if is_away(error):
                opened.connection.close()
            raise
        finally:
            if self._is_closed:
                opened.connection.close()
            elif not opened.connection.closed:
                self._readers.append(opened)

    def _run_batch(self, first: Job[Link], more: Callable[[int], list[Job[Link]]]) -> None:
        batch = [first]
        try:
            with self._turn.taken():
                writer = self._opened_writer()
                writer.raw.execute(_BEGIN)
                batch += more(_BATCH - 1)
                marks = _LONE if len(batch) == 1 else _SHARED
                links = [_run_alone(job, writer, marks) for job in batch]
                writer.commit()
        except BaseException as error:
            self._drop_writer()
            for job in batch:
                if job.error is None:
                    job.fail(_failure_from(error))
            if not isinstance(error, Exception):
                raise
            return
        self._checkpointer.committed(len(batch))
        for link in links:
            if link is not None:
                link.committed()

    def _opened_writer(self) -> _Opened:
        if self._writer is None:
            self._writer = _Opened(self._engine.connect())
        return self._writer

    def _drop_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            with suppress(Exception):
                writer.connection.close()


def _run_alone(job: Job[Link], writer: _Opened, marks: _Marks) -> Link | None:
    """Run one job of a batch so that its failure undoes nothing but itself."""
    raw = writer.raw
    for _ in range(_TRIES):
        _execute(raw, marks.before)
        link = Link(Engine.SQLITE, raw, writer.connection, writes=True)
        try:
            job.succeed(job.run(link))
        except Exception as error:
            if not raw.in_transaction:
                # A full disk or a broken file makes SQLite undo the transaction, the whole batch with it.
                raise
            _execute(raw, marks.undo)
            if isinstance(error, Conflict):
                continue
            job.fail(_failure_from(error) if is_away(error) else error)
            return None
        finally:
            link.close()
        _execute(raw, marks.after)
        return link
    job.fail(ServiceUnavailable("The same data is being changed by too many at once", retry_after=1.0))
    return None


def _execute(raw: Any, statements: tuple[str, ...]) -> None:
    for statement in statements:
        raw.execute(statement)


def _failure_from(error: BaseException) -> ServiceUnavailable:
    failure = ServiceUnavailable()
    failure.__cause__ = error
    return failure


def set_up(connection: sqlite3.Connection, _: object) -> None:
    """Transactions begin when we say so, and are on disk when they have been committed."""
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "cache_size=-16000",
        f"wal_autocheckpoint={PAGES_AT_MOST}",
    ):
        connection.execute(f"PRAGMA {pragma}").close()
