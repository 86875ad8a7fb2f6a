"""The connection of one unit of work, as the modules that know the tables see it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import psycopg
from sqlalchemy import Connection

from ringproof_server.ports import Conflict
from ringproof_server.storage.faults import is_taken_key
from ringproof_server.storage.statements import Engine, Parameters, Row, Statement

_INTEGRITY: Final = (sqlite3.IntegrityError, psycopg.IntegrityError)
_TAKEN: Final = "a unique key is taken"


class Link:
    """Runs statements on the connection of one unit of work, and knows what the unit holds.

    `writes` tells whether rows that are read may be locked. Raises `Conflict` when a unique key is taken.
    A link is dead after its unit of work.
    """

    __slots__ = ("_after_commit", "_raw", "connection", "engine", "locked", "writes")

    def __init__(self, engine: Engine, raw: Any, connection: Connection, *, writes: bool) -> None:
        self.engine = engine
        self.connection = connection
        self.writes = writes
        self.locked: set[int] = set()
        self._raw = raw
        self._after_commit: list[Callable[[], None]] | None = None

    def one(self, statement: Statement, parameters: Parameters) -> Row | None:
        """The first row, or None."""
        row: Row | None = self._execute(statement, parameters).fetchone()
        return row

    def all(self, statement: Statement, parameters: Parameters) -> list[Row]:
        rows: list[Row] = self._execute(statement, parameters).fetchall()
        return rows

    def stream(self, statement: Statement, parameters: Parameters) -> Iterable[Row]:
        """Rows one after another, for results that should not lie in memory as a list."""
        rows: Iterable[Row] = self._execute(statement, parameters)
        return rows

    def change(self, statement: Statement, parameters: Parameters) -> int:
        """How many rows were inserted, updated or deleted."""
        count: int = self._execute(statement, parameters).rowcount
        return count

    def put(self, statement: Statement, parameters: Parameters, *, lost: str = "") -> None:
        """Change something and go on. With `lost`, raises `Conflict` with these words if no row was changed.

        It may wait until the unit of work next reads or ends; so may what it raises.
        """
        if self._execute(statement, parameters).rowcount == 0 and lost:
            raise Conflict(lost)

    def change_many(self, statement: Statement, rows: Sequence[Parameters]) -> int:
        """Run the statement for each of `rows`; how many rows were changed together."""
        self.flush()
        cursor = self._raw.cursor()
        cursor.executemany(statement.on(self.engine), rows)
        count: int = cursor.rowcount
        return count

    def flush(self) -> None:
        """Carry out what has been put off."""

    def after_commit(self, call: Callable[[], None]) -> None:
        """Call this when, and only when, the unit of work has become durable; it must not fail."""
        if self._after_commit is None:
            self._after_commit = []
        self._after_commit.append(call)

    def committed(self) -> None:
        for call in self._after_commit or ():
            call()

    def close(self) -> None:
        self._raw = _Closed()

    def _execute(self, statement: Statement, parameters: Parameters) -> Any:
        try:
            return self._raw.execute(statement.on(self.engine), parameters)
        except _INTEGRITY as error:
            if is_taken_key(error):
                raise Conflict(_TAKEN) from error
            raise


class PipelinedLink(Link):
    """Sends what is put together, so that several changes cost one trip to the server and not one each."""

    __slots__ = ("_put_off",)

    def __init__(self, engine: Engine, raw: Any, connection: Connection, *, writes: bool) -> None:
        super().__init__(engine, raw, connection, writes=writes)
        self._put_off: list[tuple[Statement, Parameters, str]] = []

    def put(self, statement: Statement, parameters: Parameters, *, lost: str = "") -> None:
        self._put_off.append((statement, parameters, lost))

    def flush(self) -> None:
        if not self._put_off:
            return
        together, self._put_off = self._put_off, []
        try:
            with self._raw.pipeline():
                cursors = [
                    self._raw.execute(statement.on(self.engine), parameters)
                    for statement, parameters, _ in together
                ]
        except _INTEGRITY as error:
            if is_taken_key(error):
                raise Conflict(_TAKEN) from error
            raise
        for cursor, (_, _, lost) in zip(cursors, together, strict=True):
            if lost and cursor.rowcount == 0:
                raise Conflict(lost)

    def _execute(self, statement: Statement, parameters: Parameters) -> Any:
        self.flush()
        return super()._execute(statement, parameters)


class _Closed:
    """Stands where the connection stood: a session that outlives its unit of work must not reach another."""

    def execute(self, *_: object) -> Any:
        raise RuntimeError("This session's unit of work is over")

    cursor = execute
