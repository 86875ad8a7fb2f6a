"""Migrations run both ways, and lead to the tables that the code believes in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect

from ringproof_server.domain.errors import ServiceUnavailable
from ringproof_server.storage import migrations, open_storage
from ringproof_server.storage.database import parse_url
from ringproof_server.storage.tables import metadata
from ringproof_server.testing.storage_contract.samples import NUMBER, store, verification
from tests.support.databases import hasher


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    engine = create_engine(parse_url(url))
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def tables_in(url: str) -> set[str]:
    with connected(url) as connection:
        return set(inspect(connection).get_table_names()) - {"alembic_version"}


def test_up_down_and_up_again(empty_database: str) -> None:
    """Each way leaves nothing behind and nothing out, and a repeated upgrade changes nothing."""
    assert migrations.current(empty_database) is None
    migrations.upgrade(empty_database)
    full = tables_in(empty_database)
    assert full >= set(metadata.tables)
    assert migrations.current(empty_database) == migrations.head()
    migrations.upgrade(empty_database)
    migrations.downgrade(empty_database, "base")
    assert tables_in(empty_database) == set()
    assert migrations.current(empty_database) is None
    migrations.upgrade(empty_database)
    assert tables_in(empty_database) == full


def test_every_single_step_runs_both_ways(empty_database: str) -> None:
    migrations.upgrade(empty_database, "0001")
    assert migrations.current(empty_database) == "0001"
    migrations.upgrade(empty_database, "+1")
    migrations.downgrade(empty_database, "-1")
    assert migrations.current(empty_database) == "0001"


def test_the_migrated_tables_are_those_of_the_code(empty_database: str) -> None:
    """Columns, types, nullability, keys and indexes; tables of other modules are left out."""
    migrations.upgrade(empty_database)

    def ours(_object: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
        return kind != "table" or name in metadata.tables

    with connected(empty_database) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": ours})
        assert compare_metadata(context, metadata) == []


def test_what_is_stored_survives_an_upgrade_that_has_nothing_to_do(database: str) -> None:
    with closing(open_storage(database, hasher=hasher)) as storage:
        store(storage, verification())
        migrations.upgrade(database)
        found = storage.read(lambda session: session.verifications.get("vrf_1"))
    assert found is not None
    assert found.number == NUMBER


def test_several_processes_may_upgrade_at_once(empty_database: str) -> None:
    """Threads with connections of their own stand for processes that start together."""
    failures: list[BaseException] = []

    def upgrade() -> None:
        try:
            migrations.upgrade(empty_database)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=upgrade) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert migrations.current(empty_database) == migrations.head()


def test_a_database_that_is_away_is_told_as_such() -> None:
    """Whoever starts the server sees one clear line, with nothing of the URL in it."""
    for url in ("sqlite:////nowhere/at/all/secret.sqlite3", "postgresql://user:secret@127.0.0.1:1/nowhere"):
        for command in (migrations.upgrade, migrations.current):
            with pytest.raises(ServiceUnavailable) as caught:
                command(url)
            assert "secret" not in str(caught.value)


def test_what_is_stored_survives_the_newest_step_back_and_forth(empty_database: str) -> None:
    migrations.upgrade(empty_database)
    with closing(open_storage(empty_database, hasher=hasher)) as storage:
        store(storage, verification())
    migrations.downgrade(empty_database, "-1")
    migrations.upgrade(empty_database)
    with closing(open_storage(empty_database, hasher=hasher)) as storage:
        assert storage.read(lambda session: session.verifications.get("vrf_1")) == verification()
