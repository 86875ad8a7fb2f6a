"""The steps from one shape of the database to the next, and back.

The steps are numbered files in `versions`; each runs in one transaction together with the note that it ran.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine, event, text

from ringproof_server.storage.database import parse_url
from ringproof_server.storage.faults import away_is_unavailable
from ringproof_server.storage.sqlite import Turn, set_up

_LOCK: Final = 7_465_109_310_821_114
"""The advisory lock by which migrations of one PostgreSQL database keep out of each other's way."""


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database to a revision; safe to repeat, and to run in several processes at once.

    Raises `ServiceUnavailable` when the database cannot be reached.
    """
    _run(url, lambda config: command.upgrade(config, revision))


def downgrade(url: str, revision: str) -> None:
    """Take the database back to a revision, `base` for an empty one. What later tables held is lost."""
    _run(url, lambda config: command.downgrade(config, revision))


def current(url: str) -> str | None:
    """The revision that the database is at, None for an empty one."""
    with _connection(url) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str | None:
    """The revision that this version of the program needs."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _run(url: str, steps: Callable[[Config], None]) -> None:
    with _connection(url) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        config = _config()
        config.attributes["connection"] = connection
        steps(config)
        connection.commit()


def _config() -> Config:
    config = Config()
    # A literal % would be read as the beginning of an interpolation.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config


@contextmanager
def _connection(url: str) -> Iterator[Connection]:
    parsed = parse_url(url)
    engine = create_engine(parsed, poolclass=NullPool, hide_parameters=True)
    turn: AbstractContextManager[None] = nullcontext()
    if engine.dialect.name == "sqlite":
        # Also for a mere look: the first connection to a new file turns it to WAL, and must be alone.
        turn = Turn(Path(parsed.database or "")).taken_once()
        event.listen(engine, "connect", set_up)
        # The driver would begin no transaction for DDL, so that a migration could stop half-way.
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        with away_is_unavailable(), turn, engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()
