"""What drivers complain about, sorted by what is to be done."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg import errors as pg_errors
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from ringproof_server.domain.errors import ServiceUnavailable

_SQLITE_TAKEN: Final = frozenset(
    {
        sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
        sqlite3.SQLITE_CONSTRAINT_UNIQUE,
        sqlite3.SQLITE_CONSTRAINT_ROWID,
    }
)
_SQLITE_MISUSE: Final = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISUSE, sqlite3.SQLITE_RANGE})
_RETRYABLE: Final = (pg_errors.SerializationFailure, pg_errors.DeadlockDetected)


def original(error: BaseException) -> BaseException:
    """The driver's own error, without what SQLAlchemy wraps around it."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig
    return error


def is_taken_key(error: BaseException) -> bool:
    """A unique key is taken: somebody else was first."""
    error = original(error)
    if isinstance(error, sqlite3.IntegrityError):
        return error.sqlite_errorcode in _SQLITE_TAKEN
    return isinstance(error, pg_errors.UniqueViolation)


def is_retryable(error: BaseException) -> bool:
    """The database asks for the same unit of work again."""
    return isinstance(original(error), _RETRYABLE)


def is_away(error: BaseException) -> bool:
    """The database cannot serve now: gone, full, locked by a stranger, out of connections.

    A statement that is wrong, or a table that is missing, is a fault of ours and not among these.
    """
    error = original(error)
    if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError | sqlite3.DataError):
        return False
    if isinstance(error, sqlite3.DatabaseError):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF not in _SQLITE_MISUSE
    return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | NoConnectionFree | OSError)


@contextmanager
def away_is_unavailable() -> Iterator[None]:
    """Raise `ServiceUnavailable` in place of a driver's error that says so."""
    try:
        yield
    except Exception as error:
        if is_away(error):
            raise ServiceUnavailable("the database cannot be reached") from error
        raise
