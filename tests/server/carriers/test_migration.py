"""The migration and the tables that the code uses are the same."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import NullPool, create_engine, inspect
from sqlalchemy.engine import URL

from ringproof_server.carriers.simulated.tables import metadata
from ringproof_server.storage import migrations
from ringproof_server.storage.database import parse_url


@pytest.fixture
def url(database: str) -> URL:
    return parse_url(database)


def test_the_migration_makes_the_tables_of_the_code(url: URL) -> None:
    """Every table, column and index is there, with the types and conditions that the statements rely on."""
    with create_engine(url, poolclass=NullPool).connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_name": lambda name, kind, _parents: kind != "table" or name in metadata.tables,
            },
        )
        assert compare_metadata(context, metadata) == []


def test_the_migration_can_be_taken_back(database: str, url: URL) -> None:
    """Going down leaves no table of the network and nothing else is touched; going up again restores them."""
    migrations.downgrade(database, "0001")
    left = _tables(url)
    assert not [name for name in left if name.startswith("simulated_")]
    assert "verifications" in left
    migrations.upgrade(database)
    assert set(metadata.tables) <= set(_tables(url))


def _tables(url: URL) -> list[str]:
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return inspect(connection).get_table_names()
