"""PostgreSQL: one transaction for each unit of work, on pooled connections."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

from sqlalchemy import create_engine
from sqlalchemy.engine import URL

from ringproof_server.domain.errors import ServiceUnavailable
from ringproof_server.ports import Conflict
from ringproof_server.storage.faults import away_is_unavailable, is_away, is_retryable
from ringproof_server.storage.links import Link, PipelinedLink
from ringproof_server.storage.statements import Engine

T = TypeVar("T")

_TRIES: Final = 8
_FIRST_PAUSE: Final = 0.002
"""Seconds before the second try of a unit of work; doubled before every further one, 0.25 s in all."""
_OPTIONS: Final = (
    "-c lock_timeout=10000 -c statement_timeout=60000 -c idle_in_transaction_session_timeout=60000"
)
"""In ms. Bounds on what a lost client or a forgotten lock can hold up."""


class _Lost(ServiceUnavailable):
    """The connection broke before anything was committed."""


class PostgresqlDatabase:
    """A PostgreSQL database by psycopg 3; at most `connections` for writing and as many for reading."""

    kind = Engine.POSTGRESQL

    def __init__(self, url: URL, *, connections: int) -> None:
        options: dict[str, Any] = {
            "pool_size": connections,
            "max_overflow": 0,
            "pool_timeout": 10.0,
            "pool_use_lifo": True,
            "hide_parameters": True,
            "connect_args": {"connect_timeout": 5, "options": _OPTIONS},
        }
        self._writers = create_engine(url, isolation_level="READ COMMITTED", **options)
        self._readers = create_engine(url, isolation_level="AUTOCOMMIT", **options)
        self._here = threading.local()

    def write(self, work: Callable[[Link], T]) -> T:
        if getattr(self._here, "is_writing", False):
            raise RuntimeError("A unit of work must not begin another one")
        self._here.is_writing = True
        try:
            with away_is_unavailable():
                return self._until_it_stands(work)
        finally:
            self._here.is_writing = False

    def read(self, work: Callable[[Link], T]) -> T:
        """Every statement sees what is committed when it runs."""
        with away_is_unavailable():
            try:
                return self._read_once(work)
            except _Lost:
                return self._read_once(work)

    def ping(self) -> None:
        self.read(lambda link: link.connection.exec_driver_sql("SELECT 1"))

    def close(self) -> None:
        self._writers.dispose()
        self._readers.dispose()

    def _until_it_stands(self, work: Callable[[Link], T]) -> T:
        for tries in range(_TRIES):
            if tries:
                time.sleep(_FIRST_PAUSE * 2 ** (tries - 1))
            try:
                return self._write_once(work)
            except (Conflict, _Lost):
                continue
            except Exception as error:
                if not is_retryable(error):
                    raise
        raise ServiceUnavailable("The same data is being changed by too many at once", retry_after=1.0)

    def _write_once(self, work: Callable[[Link], T]) -> T:
        is_committing = False
        with self._writers.connect() as connection:
            raw: Any = connection.connection.driver_connection
            link = PipelinedLink(self.kind, raw, connection, writes=True)
            try:
                with connection.begin():
                    result = work(link)
                    link.flush()
                    is_committing = True
            except Exception as error:
                if not raw.closed:
                    raise
                # The pool takes this for a sign that all connections which are older are broken too.
                connection.invalidate(error)
                # Once the commit is on its way nobody knows whether it has arrived, so it is not sent again.
                if is_committing or not is_away(error):
                    raise
                raise _Lost from error
            finally:
                link.close()
        link.committed()
        return result

    def _read_once(self, work: Callable[[Link], T]) -> T:
        with self._readers.connect() as connection:
            raw: Any = connection.connection.driver_connection
            link = Link(self.kind, raw, connection, writes=False)
            try:
                return work(link)
            except Exception as error:
                if not raw.closed:
                    raise
                connection.invalidate(error)
                if not is_away(error):
                    raise
                raise _Lost from error
            finally:
                link.close()
