"""What a storage promises about events on their way to applications."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ringproof_server.domain.attempt import AttemptState
from ringproof_server.domain.channel import Channel
from ringproof_server.domain.verification import Status
from ringproof_server.domain.webhook import AttemptFacts, Event, EventKind, Facts
from ringproof_server.ports import OutboxItem, Session, Storage
from ringproof_server.testing.storage_contract.samples import NOW, NUMBER, after, store, verification

UNTIL = after(3600)


def event(verification_id: str = "vrf_1", at: datetime = NOW, **fields: Any) -> Event:
    """An event of an attempt that has ended."""
    attempt = AttemptFacts(
        id="att_1",
        channel=Channel.FLASHCALL,
        status=AttemptState.ENDED,
        reason=None,
        step=0,
        call=1,
        carrier="simulated",
        queued_at=at,
        accepted_at=None,
        ringing_at=None,
        answered_at=None,
        ended_at=at,
        ring_ms=5120,
    )
    facts = Facts(
        at=at,
        status=Status.PENDING,
        reason=None,
        reference="signup-42",
        created_at=at,
        expires_at=at + timedelta(seconds=300),
        finished_at=None,
        channel=None,
        guess_probability=3e-4,
        token_id=None,
        attempt=attempt,
    )
    values: dict[str, Any] = {
        "application_id": "app_1",
        "verification_id": verification_id,
        "kind": EventKind.ATTEMPT_UPDATED,
        "facts": facts,
    }
    return Event(**(values | fields))


def put(storage: Storage, *events: Event) -> None:
    def work(session: Session) -> None:
        for item in events:
            session.outbox.add(item)

    storage.write(work)


def claim(
    storage: Storage,
    at: datetime = UNTIL,
    *,
    until: datetime | None = None,
    limit: int = 9,
    busy: tuple[str, ...] = (),
) -> list[OutboxItem]:
    ends = until or at + timedelta(seconds=30)
    return storage.write(lambda session: session.outbox.claim(at, ends, limit, busy))


def names(items: list[OutboxItem]) -> list[tuple[str, int]]:
    return [(item.event.verification_id, item.position) for item in items]


class OutboxContract:
    """`ports.Outbox`."""

    def test_an_event_comes_back_as_it_was_put_with_the_number_of_its_verification(
        self, storage: Storage
    ) -> None:
        store(storage, verification())
        put(storage, event())
        [item] = claim(storage, after(1))
        assert item.event == event()
        assert item.number == NUMBER.e164
        assert (item.tries, item.position, item.created_at) == (1, 0, NOW)

    def test_an_event_of_a_verification_that_is_gone_has_no_number(self, storage: Storage) -> None:
        put(storage, event("vrf_gone"))
        assert [item.number for item in claim(storage)] == [None]

    def test_only_the_first_event_of_each_verification_is_due(self, storage: Storage) -> None:
        put(
            storage,
            event("vrf_1"),
            event("vrf_1", after(1)),
            event("vrf_2", after(2)),
            event("vrf_1", after(3)),
        )
        assert names(claim(storage)) == [("vrf_1", 0), ("vrf_2", 0)]
        assert claim(storage) == []

    def test_an_event_is_due_when_the_one_before_it_has_arrived_or_was_given_up(
        self, storage: Storage
    ) -> None:
        put(storage, *(event(at=after(n)) for n in range(3)))
        [first] = claim(storage)
        storage.write(lambda session: session.outbox.delivered(first, UNTIL))
        [second] = claim(storage)
        storage.write(lambda session: session.outbox.give_up(second, UNTIL))
        [third] = claim(storage)
        storage.write(lambda session: session.outbox.delivered(third, UNTIL))
        assert [item.position for item in (first, second, third)] == [0, 1, 2]
        put(storage, event(at=UNTIL))
        assert names(claim(storage)) == [("vrf_1", 3)]

    def test_identifiers_differ_and_stay_the_same_on_every_try(self, storage: Storage) -> None:
        put(storage, event("vrf_1"), event("vrf_1"), event("vrf_2"))
        first, other = sorted(claim(storage), key=lambda item: item.event.verification_id)
        storage.write(lambda session: session.outbox.retry(first, UNTIL))
        [again] = claim(storage)
        assert (again.id, again.tries) == (first.id, 2)
        storage.write(lambda session: session.outbox.delivered(again, UNTIL))
        [second] = claim(storage)
        assert len({first.id, other.id, second.id}) == 3

    def test_a_claim_lasts_until_its_end_and_then_the_event_is_due_again(self, storage: Storage) -> None:
        put(storage, event())
        claim(storage, after(1), until=after(31))
        assert claim(storage, after(30)) == []
        assert storage.read(lambda session: session.outbox.next_due(())) == after(31)
        assert names(claim(storage, after(31))) == [("vrf_1", 0)]

    def test_whoever_has_lost_a_claim_does_not_settle_what_another_is_at(self, storage: Storage) -> None:
        put(storage, event(), event(at=after(1)))
        [late] = claim(storage, after(1), until=after(2))
        [own] = claim(storage, after(2), until=after(60))
        storage.write(lambda session: session.outbox.retry(late, after(3)))
        storage.write(lambda session: session.outbox.give_up(late, after(3)))
        storage.write(lambda session: session.outbox.delivered(late, after(3)))
        assert claim(storage, after(59)) == []
        storage.write(lambda session: session.outbox.retry(own, after(50)))
        assert names(claim(storage, after(50))) == [("vrf_1", 0)]

    def test_what_is_not_due_yet_or_of_a_busy_application_is_left(self, storage: Storage) -> None:
        put(storage, event("vrf_1", after(5)), event("vrf_2", after(1), application_id="app_2"))
        assert claim(storage, after(4), busy=("app_2",)) == []
        next_due = storage.read(lambda session: session.outbox.next_due(("app_2", "app_3")))
        assert next_due == after(5)
        assert names(claim(storage, after(5), busy=("app_2",))) == [("vrf_1", 0)]
        assert storage.read(lambda session: session.outbox.next_due(("app_1", "app_2"))) is None

    def test_a_claim_takes_the_oldest_first_up_to_its_limit(self, storage: Storage) -> None:
        put(storage, *(event(f"vrf_{n}", after(n)) for n in (3, 1, 2)))
        assert names(claim(storage, limit=2)) == [("vrf_1", 0), ("vrf_2", 0)]

    def test_the_listing_is_newest_first_of_one_or_all_and_of_failed_ones(self, storage: Storage) -> None:
        put(storage, event("vrf_1"), event("vrf_2", after(1), application_id="app_2"))
        [first, _] = claim(storage)
        storage.write(lambda session: session.outbox.give_up(first, UNTIL))
        read = storage.read
        assert names(read(lambda session: session.outbox.listing(9))) == [("vrf_2", 0), ("vrf_1", 0)]
        assert names(read(lambda session: session.outbox.listing(1))) == [("vrf_2", 0)]
        of_one = read(lambda session: session.outbox.listing(9, application_id="app_2"))
        assert names(of_one) == [("vrf_2", 0)]
        [failed] = read(lambda session: session.outbox.listing(9, failed=True))
        assert failed.gave_up_at == UNTIL

    def test_what_is_sent_again_goes_out_in_order_before_what_waits(self, storage: Storage) -> None:
        put(storage, *(event(at=after(n)) for n in range(4)))
        for _ in range(2):
            [item] = claim(storage)
            storage.write(lambda session, item=item: session.outbox.delivered(item, UNTIL))  # type: ignore[misc]
        [waiting] = claim(storage)
        storage.write(lambda session: session.outbox.retry(waiting, UNTIL + timedelta(hours=1)))
        now = UNTIL + timedelta(seconds=1)
        assert storage.write(lambda session: session.outbox.send_again(now, 9, verification_id="vrf_1")) == 2
        seen = []
        for _ in range(4):
            [item] = claim(storage, UNTIL + timedelta(hours=2))
            seen.append(item.position)
            storage.write(lambda session, item=item: session.outbox.delivered(item, UNTIL))  # type: ignore[misc]
        assert seen == [0, 1, 2, 3]

    def test_what_is_sent_again_is_chosen_by_time_application_and_outcome(self, storage: Storage) -> None:
        put(
            storage,
            event("vrf_1"),
            event("vrf_2", after(10)),
            event("vrf_3", after(20)),
            event("vrf_4", after(30), application_id="app_2"),
            event("vrf_5", after(40)),
        )
        items = claim(storage)
        for item in items[:4]:
            settle = "give_up" if item.event.verification_id == "vrf_2" else "delivered"
            storage.write(
                lambda session, item=item, settle=settle: getattr(session.outbox, settle)(item, UNTIL)  # type: ignore[misc]
            )
        now = UNTIL + timedelta(seconds=1)

        def again(limit: int = 9, **which: Any) -> int:
            return storage.write(lambda session: session.outbox.send_again(now, limit, **which))

        assert again(failed=True, application_id="app_2") == 0
        assert again(failed=True) == 1
        assert again(since=after(11), application_id="app_1") == 1
        assert again(since=after(0), limit=1) == 1
        assert again(since=after(0)) == 1
        assert again(since=after(0)) == 0
        due = claim(storage, now)
        assert sorted(names(due)) == [(f"vrf_{n}", 0) for n in (1, 2, 3, 4)]
        assert {item.tries for item in due} == {1}

    def test_what_waits_for_another_try_is_tried_at_once_when_events_are_sent_again(
        self, storage: Storage
    ) -> None:
        put(storage, event("vrf_1"), event("vrf_2"), event("vrf_3", application_id="app_2"))
        for item in claim(storage):
            storage.write(lambda session, item=item: session.outbox.retry(item, after(9000)))  # type: ignore[misc]
        now = after(5000)

        def again(**which: Any) -> int:
            return storage.write(lambda session: session.outbox.send_again(now, 9, **which))

        assert again(verification_id="vrf_2") == 0
        assert names(claim(storage, now)) == [("vrf_2", 0)]
        assert again(failed=True, application_id="app_2") == 0
        assert names(claim(storage, now)) == [("vrf_3", 0)]
        assert again(failed=True) == 0
        assert names(claim(storage, now)) == [("vrf_1", 0)]
