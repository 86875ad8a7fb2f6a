"""What happens when the database is not there, breaks off, or is busy with something else."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, select

from ringproof_server.domain.errors import ServiceUnavailable
from ringproof_server.domain.verification import Verification
from ringproof_server.ports import Session
from ringproof_server.storage import SqlStorage, migrations, open_storage, tables
from ringproof_server.testing.storage_contract.samples import NOW, NUMBER, after, store, verification
from ringproof_server.testing.storage_contract.units import at_once
from tests.support.databases import hasher, new_database

AWAY = [
    "sqlite:////nowhere/at/all/secret.sqlite3",
    "postgresql://user:secret@127.0.0.1:1/nowhere",
]


@pytest.mark.parametrize("url", AWAY)
def test_a_database_that_is_away_is_told_without_its_address(url: str) -> None:
    with contextlib.closing(open_storage(url, hasher=hasher)) as storage:
        calls: tuple[Callable[[], object], ...] = (
            lambda: storage.write(lambda session: session.verifications.get("vrf_1")),
            lambda: storage.read(lambda session: session.verifications.get("vrf_1")),
            storage.ping,
        )
        for call in calls:
            with pytest.raises(ServiceUnavailable) as caught:
                call()
            assert "secret" not in str(caught.value)
            assert "nowhere" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["mysql://user:secret@host/db", "secret", "", "sqlite://", "sqlite:///:memory:"]
)
def test_a_url_that_cannot_be_used_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ValueError, match=r"database|SQLite") as caught:
        open_storage(url, hasher=hasher)
    assert "secret" not in str(caught.value)


def test_a_database_without_its_tables_is_no_outage(empty_database: str) -> None:
    """Forgotten migrations are a fault to be seen, not something that passes by itself."""
    with contextlib.closing(open_storage(empty_database, hasher=hasher)) as storage:
        for call in (storage.write, storage.read):
            with pytest.raises((sqlite3.OperationalError, psycopg.errors.UndefinedTable)):
                call(lambda session: session.verifications.get("vrf_1"))


def test_a_writer_that_does_not_queue_is_waited_for(tmp_path: Path) -> None:
    """A backup or a shell may lock the file without asking; writes come through when it is done."""
    path = tmp_path / "ringproof.sqlite3"
    migrations.upgrade(f"sqlite:///{path}")
    with (
        contextlib.closing(open_storage(f"sqlite:///{path}", hasher=hasher)) as storage,
        contextlib.closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as stranger,
    ):
        stranger.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(0.2, lambda: stranger.execute("ROLLBACK"))
        timer.start()
        store(storage, verification())
        timer.join()
        assert storage.read(lambda session: session.verifications.get("vrf_1")) is not None


def test_a_broken_file_is_an_outage(tmp_path: Path) -> None:
    path = tmp_path / "ringproof.sqlite3"
    path.write_bytes(b"this is no database, and long enough to be seen as none" * 100)
    with contextlib.closing(open_storage(f"sqlite:///{path}", hasher=hasher)) as storage:
        with pytest.raises(ServiceUnavailable):
            storage.ping()
        with pytest.raises(ServiceUnavailable):
            store(storage, verification())


def test_connections_that_the_server_has_closed_are_replaced(postgresql_server: str) -> None:
    """After a restart of the server the first request already works, however many connections are dead."""
    with new_database(postgresql_server) as url:
        migrations.upgrade(url)
        with contextlib.closing(open_storage(url, hasher=hasher)) as storage:
            store(storage, verification())
            for door in (storage.read, storage.write):
                meeting = threading.Barrier(12)
                at_once([lambda door=door, meeting=meeting: door(lambda _: meeting.wait(30))] * 12)  # type: ignore[misc]
            with psycopg.connect(url, autocommit=True) as administrator:
                administrator.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            storage.ping()
            assert storage.read(lambda session: session.verifications.get("vrf_1")) is not None
            store(storage, verification("vrf_2"))
            found = storage.read(lambda session: session.verifications.pending_for(NUMBER, NOW))
            assert {item.id for item in found} == {"vrf_1", "vrf_2"}


def test_units_of_work_that_lock_each_other_out_both_come_through(postgresql_server: str) -> None:
    """PostgreSQL ends one of two that wait for each other; that one is run again."""
    with new_database(postgresql_server) as url:
        migrations.upgrade(url)
        with contextlib.closing(open_storage(url, hasher=hasher)) as storage:
            store(storage, verification("vrf_1"), verification("vrf_2"))
            meeting = threading.Barrier(2)
            met = threading.local()

            def lock_both(session: Session, first: str, second: str) -> int:
                found = [session.verifications.get(first)]
                if not getattr(met, "once", False):
                    met.once = True
                    meeting.wait(10)
                found.append(session.verifications.get(second))
                return sum(isinstance(item, Verification) for item in found)

            outcomes: list[int] = []

            def run(first: str, second: str) -> None:
                outcomes.append(storage.write(lambda session: lock_both(session, first, second)))

            threads = [
                threading.Thread(target=run, args=pair) for pair in (("vrf_1", "vrf_2"), ("vrf_2", "vrf_1"))
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert outcomes == [2, 2]


def test_listings_of_two_nodes_do_not_overlap(postgresql_server: str) -> None:
    """What one node holds locked is left out of what another node is given."""
    with new_database(postgresql_server) as url:
        migrations.upgrade(url)
        with (
            contextlib.closing(open_storage(url, hasher=hasher)) as one,
            contextlib.closing(open_storage(url, hasher=hasher)) as other,
        ):
            store(one, *(verification(f"vrf_{n}", wake_at=after(n)) for n in range(6)))

            def take(session: Session) -> tuple[list[str], list[str]]:
                mine = session.verifications.due_verifications(after(10), 3)
                return mine, other.write(
                    lambda session: session.verifications.due_verifications(after(10), 9)
                )

            assert one.write(take) == (["vrf_0", "vrf_1", "vrf_2"], ["vrf_3", "vrf_4", "vrf_5"])


def test_a_closed_storage_leaves_no_connection_open(storage: SqlStorage) -> None:
    """Closing twice does no harm; warnings about forgotten connections would fail this suite."""
    storage.ping()
    storage.close()
    storage.close()


def test_other_modules_keep_their_own_tables_in_the_same_transactions(storage: SqlStorage) -> None:
    """What `run` wrote is there for `look`, and nothing of it when the work failed."""

    def insert(connection: Connection, kid: str) -> None:
        connection.execute(
            tables.signing_keys.insert(), {"kid": kid, "sealed": b"s", "public": b"p", "created_at": 0}
        )

    def fail(connection: Connection) -> None:
        insert(connection, "undone")
        raise LookupError

    storage.run(lambda connection: insert(connection, "kept"))
    with pytest.raises(LookupError):
        storage.run(fail)
    storage.run(lambda connection: insert(connection, "kept too"))
    kids = storage.look(lambda connection: connection.scalars(select(tables.signing_keys.c.kid)).all())
    assert set(kids) == {"kept", "kept too"}
    assert {key.kid for key in storage.read(lambda session: session.signing_keys.listing())} == set(kids)


def test_sqlite_flushes_every_commit_to_the_disk(tmp_path: Path) -> None:
    """A loss of power cannot be staged in a test, so the settings that survive one are looked up."""
    url = f"sqlite:///{tmp_path / 'ringproof.sqlite3'}"
    with contextlib.closing(open_storage(url, hasher=hasher)) as storage:

        def settings(connection: Connection) -> dict[str, object]:
            names = ("journal_mode", "synchronous", "foreign_keys")
            return {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names}

        # Level 2 is FULL.
        assert storage.run(settings) == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
        assert storage.look(settings) == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
