"""Moving what was committed from SQLite's log into its database, where no writer has to wait for it.

By default SQLite does it inside every so-many-th commit, and with much history, whose pages lie scattered,
that commit takes ten times as long as others. A thread of its own does it between commits instead. Writers
go on appending meanwhile, so the log is only begun anew when one of them finds it moved completely; should
it grow to `PAGES_AT_MOST`, the next commit moves the little that is left.
"""

from __future__ import annotations

import contextlib
import threading
from typing import Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

PAGES_AT_MOST: Final = 8000
"""Of 4 KiB each; the log stays at about 32 MB."""
_PAGES_WANTED: Final = 2000
"""How many pages are worth a checkpoint: pages that change often are moved once for many changes."""
_PAGES_OF_A_BATCH: Final = 12
_PAGES_OF_A_JOB: Final = 5
"""Estimates: the right edges of the indexes change once in a batch, scattered pages with every job."""


class Checkpointer:
    """Told of committed jobs, it checkpoints in the background. The thread begins when it is first needed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._pages = 0
        self._wanted = threading.Event()
        self._is_closing = False
        self._thread: threading.Thread | None = None

    def committed(self, jobs: int) -> None:
        """Count the jobs of a committed batch; called by one thread at a time, and never waits."""
        self._pages += _PAGES_OF_A_BATCH + _PAGES_OF_A_JOB * jobs
        if self._pages < _PAGES_WANTED:
            return
        self._pages = 0
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="sqlite-checkpoints", daemon=True)
            self._thread.start()
        self._wanted.set()

    def close(self) -> None:
        self._is_closing = True
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        # What fails here fails again in a commit, where somebody is told.
        with contextlib.suppress(DBAPIError), self._engine.connect() as connection:
            while self._wanted.wait() and not self._is_closing:
                self._wanted.clear()
                _checkpoint(connection)


def _checkpoint(connection: Connection) -> None:
    # Passive: it never makes a reader or a writer wait, and leaves out what a reader still needs.
    with contextlib.suppress(DBAPIError):
        connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)").close()
    connection.rollback()
