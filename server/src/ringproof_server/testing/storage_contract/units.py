"""What a storage promises about units of work, also when many threads work at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import replace
from typing import TypeVar

import pytest

from ringproof_server.domain.errors import RateLimited
from ringproof_server.domain.verification import Status
from ringproof_server.ports import Conflict, Remembered, Session, Storage
from ringproof_server.testing.storage_contract.samples import NOW, NUMBER, after, attempt, store, verification

T = TypeVar("T")

THREADS = 32

_request: ContextVar[str] = ContextVar("_request")


def at_once(jobs: list[Callable[[], T]]) -> list[T | BaseException]:
    """Run every job in a thread of its own, all released together; what each gave or raised."""
    outcomes: list[T | BaseException | None] = [None] * len(jobs)
    barrier = threading.Barrier(len(jobs))

    def run(index: int) -> None:
        barrier.wait()
        try:
            outcomes[index] = jobs[index]()
        except BaseException as error:  # noqa: BLE001 - it is handed to the test
            outcomes[index] = error

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [outcome for outcome in outcomes if outcome is not None]


class UnitsContract:
    """`ports.Storage` itself."""

    def test_the_result_of_the_work_is_handed_back(self, storage: Storage) -> None:
        assert storage.write(lambda _: "written") == "written"
        assert storage.read(lambda _: "read") == "read"

    def test_the_storage_answers_a_ping(self, storage: Storage) -> None:
        storage.ping()

    def test_an_exception_undoes_everything_and_passes_through(self, storage: Storage) -> None:
        def fail(session: Session) -> None:
            session.verifications.add(verification())
            session.ledger.reserve(NUMBER, "vrf_1", 0.5, NOW)
            raise RateLimited(retry_after=7)

        with pytest.raises(RateLimited) as caught:
            storage.write(fail)
        assert caught.value.retry_after == 7
        assert storage.read(lambda session: session.verifications.get("vrf_1")) is None
        assert storage.read(lambda session: session.ledger.spent(NUMBER, NOW)) == 0

    def test_a_conflict_undoes_everything_and_runs_the_work_again(self, storage: Storage) -> None:
        runs = iter(range(9))

        def work(session: Session) -> int:
            run = next(runs)
            session.verifications.add(verification(f"vrf_{run}"))
            if run < 2:
                raise Conflict
            return run

        assert storage.write(work) == 2
        found = storage.read(lambda session: session.verifications.pending_for(NUMBER, NOW))
        assert [item.id for item in found] == ["vrf_2"]

    def test_the_work_sees_what_it_wrote_and_others_do_not_yet(self, storage: Storage) -> None:
        def work(session: Session) -> tuple[bool, bool]:
            session.verifications.add(verification())
            seen = storage.read(lambda other: other.verifications.get("vrf_1"))
            return session.verifications.get("vrf_1") is not None, seen is not None

        assert storage.write(work) == (True, False)
        assert storage.read(lambda session: session.verifications.get("vrf_1")) is not None

    def test_a_unit_of_work_must_not_begin_another_write(self, storage: Storage) -> None:
        """It would wait for itself."""
        with pytest.raises(RuntimeError):
            storage.write(lambda _: storage.write(lambda session: session.verifications.add(verification())))
        assert storage.write(lambda session: session.verifications.get("vrf_1")) is None

    def test_a_session_is_useless_after_its_unit_of_work(self, storage: Storage) -> None:
        leaked: list[Session] = []
        storage.write(leaked.append)
        storage.read(leaked.append)
        for session in leaked:
            with pytest.raises(RuntimeError):
                session.verifications.get("vrf_1")

    def test_work_runs_with_the_context_of_the_thread_that_brought_it(self, storage: Storage) -> None:
        def bring(name: str) -> Callable[[], bool]:
            def job() -> bool:
                _request.set(name)
                return all(storage.write(lambda _: _request.get()) == name for _ in range(5))

            return job

        assert at_once([bring(f"request-{n}") for n in range(THREADS)]) == [True] * THREADS

    def test_work_that_fails_harms_no_other_that_is_written_with_it(self, storage: Storage) -> None:
        """Each thread gets its own result or its own exception, and what succeeded is stored."""

        def bring(name: int) -> Callable[[], int]:
            def work(session: Session) -> int:
                session.verifications.add(verification(f"vrf_{name:02}"))
                if name % 3 == 0:
                    raise LookupError(name)
                return name

            return lambda: storage.write(work)

        outcomes = at_once([bring(name) for name in range(THREADS)])
        failed = {outcome.args[0] for outcome in outcomes if isinstance(outcome, LookupError)}
        assert failed == {name for name in range(THREADS) if name % 3 == 0}
        assert {outcome for outcome in outcomes if isinstance(outcome, int)} == set(range(THREADS)) - failed
        stored = storage.read(lambda session: session.verifications.pending_for(NUMBER, NOW))
        assert {item.id for item in stored} == {f"vrf_{n:02}" for n in range(THREADS) if n % 3}

    def test_of_many_threads_that_finish_a_verification_one_wins(self, storage: Storage) -> None:
        store(storage, verification())

        def confirm(session: Session) -> bool:
            found = session.verifications.get("vrf_1")
            assert found is not None
            if found.status is not Status.PENDING:
                return False
            session.verifications.update(replace(found, status=Status.VERIFIED, finished_at=after(1)))
            return True

        outcomes = at_once([lambda: storage.write(confirm)] * THREADS)
        assert sorted(outcomes, key=str) == [False] * (THREADS - 1) + [True]

    def test_of_many_threads_with_one_idempotency_key_one_starts(self, storage: Storage) -> None:
        def bring(name: int) -> Callable[[], str]:
            def work(session: Session) -> str:
                known = session.idempotency.recall("key_1", "k")
                if known is not None:
                    return known.verification_id
                mine = verification(f"vrf_{name}")
                session.verifications.add(mine)
                outcome = Remembered(fingerprint=b"f", verification_id=mine.id, result=None)
                session.idempotency.remember("key_1", "k", outcome, NOW)
                return mine.id

            return lambda: storage.write(work)

        outcomes = at_once([bring(name) for name in range(THREADS)])
        stored = storage.read(lambda session: session.verifications.pending_for(NUMBER, NOW))
        assert len(stored) == 1
        assert outcomes == [stored[0].id] * THREADS

    def test_a_limit_per_number_holds_however_many_start_at_once(self, storage: Storage) -> None:
        """Whoever counts what is pending for a number and then adds to it is not overtaken."""

        def bring(name: int) -> Callable[[], bool]:
            def work(session: Session) -> bool:
                if len(session.verifications.pending_for(NUMBER, NOW)) >= 3:
                    return False
                session.verifications.add(verification(f"vrf_{name}"))
                session.verifications.add_attempt(attempt(f"att_{name}", verification_id=f"vrf_{name}"))
                return True

            return lambda: storage.write(work)

        outcomes = at_once([bring(name) for name in range(THREADS)])
        assert outcomes.count(True) == 3
        assert outcomes.count(False) == THREADS - 3

    def test_a_read_goes_on_while_another_writes(self, storage: Storage) -> None:
        """Nobody who only looks waits for a writer, and sees what stood before."""
        store(storage, verification())
        inside, looked = threading.Event(), threading.Event()

        def change(session: Session) -> bool:
            found = session.verifications.get("vrf_1")
            assert found is not None
            session.verifications.update(replace(found, checks=1))
            inside.set()
            return looked.wait(10)

        def look() -> int | None:
            inside.wait(10)
            found = storage.read(lambda session: session.verifications.get("vrf_1"))
            looked.set()
            return None if found is None else found.checks

        assert at_once([lambda: storage.write(change), look]) == [True, 0]
