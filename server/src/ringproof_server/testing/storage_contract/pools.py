"""What a storage promises about caller-ID pools."""

from __future__ import annotations

import pytest

from ringproof_server.domain.caller_id import PoolStatistics
from ringproof_server.domain.verification import Status
from ringproof_server.ports import PoolNumber, Session, Storage
from ringproof_server.testing.storage_contract.samples import (
    CALLER_ID,
    NOW,
    NUMBER,
    OTHER_CALLER_ID,
    OTHER_NUMBER,
    after,
    application,
    attempt,
    store,
    verification,
)

NUMBERS = [f"+4420794600{n:02}" for n in range(30)]


def add_pool(storage: Storage, numbers: list[str]) -> int:
    def work(session: Session) -> int:
        session.applications.add(application())
        return session.caller_ids.add("app_1", numbers, NOW)

    return storage.write(work)


class CallerIdsContract:
    """`ports.CallerIds`."""

    def test_a_pool_holds_each_healthy_number_once_with_its_statistics(self, storage: Storage) -> None:
        assert add_pool(storage, NUMBERS) == 30
        pool = storage.read(lambda session: session.caller_ids.pool("app_1"))
        assert sorted(pool.numbers) == NUMBERS
        assert [pool.numbers[index] for index in range(len(pool.numbers))] == list(pool.numbers)
        assert pool.statistics == PoolStatistics.of(NUMBERS)

    def test_no_pool_is_an_empty_one(self, storage: Storage) -> None:
        pool = storage.read(lambda session: session.caller_ids.pool("app_1"))
        assert list(pool.numbers) == []
        assert pool.statistics.size == 0

    def test_numbers_that_are_there_are_not_added_again(self, storage: Storage) -> None:
        add_pool(storage, NUMBERS[:10])
        added = storage.write(lambda session: session.caller_ids.add("app_1", NUMBERS[5:15], after(1)))
        assert added == 5
        assert storage.read(lambda session: session.caller_ids.size("app_1")) == 15

    def test_every_change_of_a_pool_is_seen_at_once(self, storage: Storage) -> None:
        """Nobody draws a number that has been removed or taken out of service."""

        def numbers() -> set[str]:
            return set(storage.read(lambda session: session.caller_ids.pool("app_1")).numbers)

        add_pool(storage, NUMBERS[:3])
        assert numbers() == set(NUMBERS[:3])
        assert storage.write(lambda session: session.caller_ids.remove("app_1", [*NUMBERS[:1], "+1"])) == 1
        assert numbers() == set(NUMBERS[1:3])
        assert storage.write(lambda session: session.caller_ids.set_healthy("app_1", NUMBERS[1], False))
        assert numbers() == {NUMBERS[2]}
        assert storage.write(lambda session: session.caller_ids.set_healthy("app_1", NUMBERS[1], True))
        assert numbers() == set(NUMBERS[1:3])
        assert not storage.write(lambda session: session.caller_ids.set_healthy("app_1", NUMBERS[0], True))

    def test_a_unit_of_work_sees_its_own_change_of_a_pool_and_nobody_else_before_it_stands(
        self, storage: Storage
    ) -> None:
        add_pool(storage, NUMBERS[:3])

        def change_and_fail(session: Session) -> None:
            session.caller_ids.remove("app_1", NUMBERS[:2])
            assert list(session.caller_ids.pool("app_1").numbers) == [NUMBERS[2]]
            raise LookupError("undone")

        with pytest.raises(LookupError):
            storage.write(change_and_fail)
        storage.write(lambda session: session.caller_ids.set_healthy("app_1", NUMBERS[0], True))
        pool = storage.read(lambda session: session.caller_ids.pool("app_1"))
        assert sorted(pool.numbers) == NUMBERS[:3]

    def test_a_pool_of_one_application_is_none_of_another(self, storage: Storage) -> None:
        add_pool(storage, NUMBERS[:3])
        pool = storage.read(lambda session: session.caller_ids.pool("app_2"))
        assert list(pool.numbers) == []

    def test_what_is_no_e164_number_is_refused_without_being_repeated(self, storage: Storage) -> None:
        for wrong in ("02079460018", "+0123456789", "+44 20 7946 0018", "", "+4420794600180000"):
            with pytest.raises(ValueError, match=r"E\.164") as caught:
                add_pool(storage, [NUMBERS[0], wrong])
            assert wrong == "" or wrong not in str(caught.value)
        assert storage.read(lambda session: session.caller_ids.size("app_1")) == 0

    def test_a_pool_is_listed_page_by_page(self, storage: Storage) -> None:
        add_pool(storage, NUMBERS)
        storage.write(lambda session: session.caller_ids.set_healthy("app_1", NUMBERS[1], False))
        first = storage.read(lambda session: session.caller_ids.listing("app_1", 20))
        rest = storage.read(lambda session: session.caller_ids.listing("app_1", 20, first[-1].e164))
        assert [item.e164 for item in (*first, *rest)] == NUMBERS
        assert first[1] == PoolNumber(e164=NUMBERS[1], healthy=False, added_at=NOW)

    def test_used_caller_ids_are_the_recent_ones_and_those_of_pending_verifications(
        self, storage: Storage
    ) -> None:
        store(
            storage,
            verification("vrf_done", status=Status.VERIFIED, finished_at=NOW),
            verification("vrf_pending"),
            verification("vrf_other", number=OTHER_NUMBER),
            attempt("att_1", verification_id="vrf_done", queued_at=after(10), caller_id=CALLER_ID),
            attempt("att_2", verification_id="vrf_done", queued_at=after(-1), caller_id=NUMBERS[0]),
            attempt("att_3", verification_id="vrf_pending", queued_at=after(-1), caller_id=NUMBERS[1]),
            attempt("att_4", verification_id="vrf_pending", queued_at=after(10), caller_id=None),
            attempt("att_5", verification_id="vrf_other", caller_id=OTHER_CALLER_ID),
        )
        used = storage.read(lambda session: session.caller_ids.used_for(NUMBER, NOW))
        assert used == {CALLER_ID, NUMBERS[1]}

    def test_a_unit_of_work_that_writes_draws_from_the_current_pool(self, storage: Storage) -> None:
        """Also when this process has not seen the pool, or not in its present state."""

        def draw(session: Session) -> list[str]:
            session.ledger.add_failure(NUMBER)
            return list(session.caller_ids.pool("app_1").numbers)

        add_pool(storage, NUMBERS[:4])
        assert storage.write(draw) == NUMBERS[:4]
        storage.write(lambda session: session.caller_ids.remove("app_1", NUMBERS[:1]))
        assert storage.write(draw) == NUMBERS[1:4]
        assert storage.read(lambda session: session.ledger.failures(NUMBER)) == 2
