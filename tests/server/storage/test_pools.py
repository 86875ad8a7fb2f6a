"""Pools too large to be loaded in passing."""

from __future__ import annotations

import contextlib
import threading

from ringproof_server.ports import Session
from ringproof_server.storage import open_storage
from ringproof_server.storage.packed import PackedNumbers
from ringproof_server.testing.storage_contract.samples import NOW, NUMBER, application, store
from tests.support.databases import hasher

NUMBERS = [f"+44207{n:07}" for n in range(25_000)]


def test_a_pool_of_many_chunks_is_added_and_removed_whole(database: str) -> None:
    with contextlib.closing(open_storage(database, hasher=hasher)) as storage:
        store(storage, application())
        assert storage.write(lambda session: session.caller_ids.add("app_1", NUMBERS, NOW)) == len(NUMBERS)
        assert storage.write(lambda session: session.caller_ids.add("app_1", NUMBERS, NOW)) == 0
        pool = storage.read(lambda session: session.caller_ids.pool("app_1"))
        assert list(pool.numbers) == NUMBERS
        assert storage.write(lambda session: session.caller_ids.remove("app_1", NUMBERS)) == len(NUMBERS)
        assert storage.read(lambda session: session.caller_ids.size("app_1")) == 0


def test_nobody_waits_to_write_while_another_loads_a_pool(database: str) -> None:
    """A unit of work that has to load a pool does it before it holds what others need."""
    with (
        contextlib.closing(open_storage(database, hasher=hasher)) as maker,
        contextlib.closing(open_storage(database, hasher=hasher)) as storage,
    ):
        store(maker, application())
        maker.write(lambda session: session.caller_ids.add("app_1", NUMBERS, NOW))
        runs: list[int] = []

        def draw(session: Session) -> int:
            runs.append(1)
            return len(session.caller_ids.pool("app_1").numbers)

        threads = [threading.Thread(target=lambda: storage.write(draw)) for _ in range(4)]
        for thread in threads:
            thread.start()
        maker.write(lambda session: session.ledger.add_failure(NUMBER))
        for thread in threads:
            thread.join()
        assert len(runs) > 4
        assert storage.write(draw) == len(NUMBERS)


def test_packed_numbers_are_the_numbers_that_were_packed() -> None:
    """By index, by slice, from the end, in order; and nothing of them is printed."""
    packed = PackedNumbers(NUMBERS[:10])
    assert list(packed) == NUMBERS[:10]
    assert packed[-1] == NUMBERS[9]
    assert packed[2:4] == NUMBERS[2:4]
    assert len(packed) == 10
    assert NUMBERS[0] in packed
    assert "44207" not in repr(packed)
