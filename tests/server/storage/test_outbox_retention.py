"""Events to applications are forgotten with the history that they tell of, once they have arrived."""

from __future__ import annotations

from ringproof_server.ports import Session
from ringproof_server.storage import SqlStorage
from ringproof_server.testing.storage_contract.outbox import UNTIL, claim, event, put
from ringproof_server.testing.storage_contract.samples import after


def kept(storage: SqlStorage) -> set[str]:
    items = storage.read(lambda session: session.outbox.listing(100))
    return {item.event.verification_id for item in items}


def test_old_events_that_are_settled_are_deleted_and_others_are_not(storage: SqlStorage) -> None:
    names = ("vrf_delivered", "vrf_given_up", "vrf_due")
    put(storage, *(event(name, after(n)) for n, name in enumerate(names)), event("vrf_due", after(5)))
    items = {item.event.verification_id: item for item in claim(storage)}

    def settle(session: Session) -> None:
        session.outbox.delivered(items["vrf_delivered"], UNTIL)
        session.outbox.give_up(items["vrf_given_up"], UNTIL)

    storage.write(settle)
    put(storage, event("vrf_young", after(100)))
    storage.delete(after(50))
    assert kept(storage) == {"vrf_due", "vrf_young"}


def test_no_more_than_the_limit_are_deleted_at_once(storage: SqlStorage) -> None:
    put(storage, *(event(f"vrf_{n}", after(n)) for n in range(5)))
    for item in claim(storage):
        storage.write(lambda session, item=item: session.outbox.delivered(item, UNTIL))  # type: ignore[misc]
    assert storage.delete(after(50), limit=3) == 3
    assert len(kept(storage)) == 2
    assert storage.delete(after(50), limit=3) == 2
