"""What several processes may rely on, also when one of them is killed."""

from __future__ import annotations

import contextlib
import signal

import pytest

from ringproof_server.ports import Session
from ringproof_server.storage import open_storage
from ringproof_server.testing.storage_contract.samples import NOW, NUMBER, application, store, verification
from tests.support.children import child, race
from tests.support.databases import hasher

CHILD = "tests.server.storage.child"


@pytest.mark.crash
def test_nothing_acknowledged_is_lost_when_a_process_is_killed(database: str) -> None:
    """SIGKILL in the middle of writes, three times over; attempts are there if and only if their
    verifications are, and the next process goes on as if nothing had happened."""
    acknowledged: list[str] = []
    for _ in range(3):
        with child(CHILD, "acknowledge", database) as process:
            assert process.stdout is not None
            acknowledged += [process.stdout.readline().strip() for _ in range(200)]
            process.send_signal(signal.SIGKILL)
            acknowledged += [line.strip() for line in process.stdout if line.endswith("\n")]
    assert len(set(acknowledged)) == len(acknowledged) >= 600

    def lost(session: Session) -> list[str]:
        return [
            name
            for name in acknowledged
            if session.verifications.get(name) is None or len(session.verifications.attempts(name)) != 1
        ]

    with contextlib.closing(open_storage(database, hasher=hasher)) as storage:
        assert storage.read(lost) == []
        started = storage.read(lambda session: session.verifications.pending_for(NUMBER, NOW))
        with_attempt = storage.read(
            lambda session: [item.id for item in started if session.verifications.attempts(item.id)]
        )
        assert with_attempt == [item.id for item in started]


def test_of_two_processes_with_32_threads_each_one_thread_wins(database: str) -> None:
    """One idempotency key starts one verification, and one verification is finished by one thread."""
    with contextlib.closing(open_storage(database, hasher=hasher)) as storage:
        store(storage, verification("vrf_contested"))
        counts = [[int(word) for word in text.split()] for text in race(2, CHILD, "race", database)]
        assert [sum(column) for column in zip(*counts, strict=True)] == [1, 1]
        pending = storage.read(lambda session: session.verifications.pending_for(NUMBER, NOW))
        assert len(pending) == 1


def test_a_pool_changed_by_another_process_is_seen(database: str) -> None:
    """Two storages stand for two processes: neither knows the other's memory."""
    numbers = [f"+4420794600{n:02}" for n in range(10)]
    with (
        contextlib.closing(open_storage(database, hasher=hasher)) as mine,
        contextlib.closing(open_storage(database, hasher=hasher)) as other,
    ):
        store(mine, application())
        mine.write(lambda session: session.caller_ids.add("app_1", numbers, NOW))
        assert len(mine.read(lambda session: session.caller_ids.pool("app_1")).numbers) == 10
        other.write(lambda session: session.caller_ids.remove("app_1", numbers[:4]))
        assert list(mine.read(lambda session: session.caller_ids.pool("app_1")).numbers) == numbers[4:]
