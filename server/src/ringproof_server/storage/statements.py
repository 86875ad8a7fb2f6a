"""Statements that are written once, rendered once for each kind of database, and then run as plain text.

Rendering a Core statement costs more than running it, and so does SQLAlchemy's way from a rendered statement
to the driver and back: two inserts take 40 µs through it and 7 µs without. So a `Statement` is Core where it
is written and text with named parameters where it runs; a `Link` (see `links`) runs it in one unit of work.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import BigInteger, Dialect, Table, bindparam, literal_column
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseElement

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
