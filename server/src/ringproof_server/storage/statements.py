"""Statements that are written once, rendered once for each kind of database, and then run as plain text.

Rendering a Core statement costs more than running it, and so does SQLAlchemy's way from a rendered statement
to the driver and back: two inserts take 40 µs through it and 7 µs without. So a `Statement` is Core where it
is written and text with named parameters where it runs; a `Link` runs it in one unit of work.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import psycopg
from sqlalchemy import BigInteger, Connection, Dialect, Table, bindparam, literal_column
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseElement

from ringproof_server.ports import Conflict
from ringproof_server.storage.faults import is_taken_key

Parameter = str | int | float | bool | bytes | None
Parameters = Mapping[str, object]
Row = tuple[Any, ...]


LIMIT: Final = bindparam("limit", type_=BigInteger)
ZERO: Final = literal_column("0", BigInteger)
"""The offset that goes with a limit; SQLite's dialect binds a value of its own where none is given."""


class Engine(StrEnum):
    """The kinds of database that are spoken."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


_DIALECTS: Final[Mapping[Engine, Dialect]] = {
    Engine.SQLITE: SQLiteDialect_pysqlite(paramstyle="named"),
    Engine.POSTGRESQL: PGDialect_psycopg(),  # type: ignore[no-untyped-call]
}


class Statement:
    """One statement of Core, or one for each kind of database where they need different words.

    Every value in it must be a named parameter or a literal: a value that Core would bind by itself is
    refused when the statement is made.
    """

    __slots__ = ("_texts",)

    def __init__(self, core: ClauseElement, *, on_postgresql: ClauseElement | None = None) -> None:
        self._texts = {
            Engine.SQLITE: _render(core, Engine.SQLITE),
            Engine.POSTGRESQL: _render(core if on_postgresql is None else on_postgresql, Engine.POSTGRESQL),
        }

    def on(self, engine: Engine) -> str:
        return self._texts[engine]


def _render(core: ClauseElement, engine: Engine) -> str:
    compiled = core.compile(dialect=_DIALECTS[engine])
    if isinstance(compiled, SQLCompiler):
        bound = [name for name, value in compiled.params.items() if value is not None]
        if bound:
            raise ValueError(f"The statement binds values of its own: {', '.join(bound)}")
    return str(compiled)


def insert(table: Table) -> Statement:
    """Insert a row; every column is a parameter of its name."""
    return Statement(table.insert().inline())


def insert_unless_there(table: Table) -> Statement:
    """Insert a row unless its key is taken; the count of changed rows tells."""
    return Statement(
        sqlite.insert(table).inline().on_conflict_do_nothing(),
        on_postgresql=postgresql.insert(table).inline().on_conflict_do_nothing(),
    )


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

    def change_many(self, statement: Statement, rows: Sequence[Parameters]) -> int:
        """Run the statement for each of `rows`; how many rows were changed together."""
        cursor = self._raw.cursor()
        cursor.executemany(statement.on(self.engine), rows)
        count: int = cursor.rowcount
        return count

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
        except (sqlite3.IntegrityError, psycopg.IntegrityError) as error:
            if is_taken_key(error):
                raise Conflict("a unique key is taken") from error
            raise


class _Closed:
    """Stands where the connection stood: a session that outlives its unit of work must not reach another."""

    def execute(self, *_: object) -> Any:
        raise RuntimeError("This session's unit of work is over")

    cursor = execute
