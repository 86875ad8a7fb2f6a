"""What is forgotten, when, and what goes on counting nevertheless."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from ringproof_server.domain.channel import Channel
from ringproof_server.domain.verification import Status, Transaction
from ringproof_server.ports import PastAttempt, Remembered, Session, TraceEntry
from ringproof_server.storage import SqlStorage, tables
from ringproof_server.testing.storage_contract.samples import (
    CALLER_ID,
    NOW,
    NUMBER,
    after,
    attempt,
    store,
    verification,
)

HISTORY = (
    tables.verifications,
    tables.attempts,
    tables.trace,
    tables.guesses,
    tables.seen_events,
    tables.idempotency,
)

RECIPIENT = "107083064136738"


def fill(storage: SqlStorage) -> None:
    """One verification of each kind, with everything that can belong to it."""
    kinds = (
        verification(
            "vrf_old",
            status=Status.VERIFIED,
            reference="signup-42",
            code_salt=b"s" * 16,
            transaction=Transaction(amount="12.30", currency="EUR", payee="ACME"),
            recipients={Channel.MESSENGER: RECIPIENT},
        ),
        verification("vrf_young", status=Status.FAILED, created_at=after(3600)),
        verification("vrf_pending"),
    )

    def add(session: Session) -> None:
        for item in kinds:
            session.verifications.note(item.id, TraceEntry(at=NOW, what="planned", detail={}))
            session.ledger.reserve(NUMBER, item.id, 0.25, item.created_at)
            session.verifications.see_event("twilio", item.id, item.created_at)
            outcome = Remembered(fingerprint=b"f", verification_id=item.id, result=None)
            session.idempotency.remember("key_1", item.id, outcome, item.created_at)

    store(
        storage,
        *kinds,
        *(attempt(f"att_{item.id}", verification_id=item.id, queued_at=item.created_at) for item in kinds),
    )
    storage.write(add)


def rows_of_old(connection: Connection) -> str:
    """All that is stored of `vrf_old` and its attempt, as text."""
    of_verification = select(tables.verifications).where(tables.verifications.c.id == "vrf_old")
    of_attempt = select(tables.attempts).where(tables.attempts.c.verification_id == "vrf_old")
    return repr([connection.execute(query).one() for query in (of_verification, of_attempt)])


def counts(storage: SqlStorage) -> list[int]:
    return storage.look(
        lambda connection: [
            connection.execute(select(func.count()).select_from(table)).scalar_one() for table in HISTORY
        ]
    )


def test_erasing_leaves_no_number_but_what_was_counted_still_counts(storage: SqlStorage) -> None:
    fill(storage)
    plain = storage.look(rows_of_old)
    assert NUMBER.e164 in plain
    assert RECIPIENT in plain
    assert storage.erase(after(1)) == 1
    dump = storage.look(rows_of_old)
    for secret in (NUMBER.e164, CALLER_ID, RECIPIENT, "ACME", "s" * 16):
        assert secret not in dump

    def look(session: Session) -> tuple[list[PastAttempt], float]:
        return session.verifications.attempts_to(NUMBER, NOW), session.ledger.spent(NUMBER, NOW)

    history, spent = storage.read(look)
    assert PastAttempt(Channel.FLASHCALL, NOW, "vrf_old") in history
    assert spent == 0.75


def test_an_erased_verification_is_not_shown_any_more(storage: SqlStorage) -> None:
    fill(storage)
    storage.erase(after(1))
    assert storage.read(lambda session: session.verifications.get("vrf_old")) is None
    assert storage.read(lambda session: session.verifications.by_reference("app_1", "signup-42", 9)) == []


def test_what_is_pending_or_young_is_kept(storage: SqlStorage) -> None:
    fill(storage)
    assert storage.erase(after(3600)) == 1
    assert storage.delete(after(3600)) >= 1
    for name in ("vrf_young", "vrf_pending"):
        found = storage.read(lambda session, name=name: session.verifications.get(name))  # type: ignore[misc]
        assert found is not None
        assert found.number == NUMBER


def test_deleting_takes_everything_that_belongs_to_an_erased_verification(storage: SqlStorage) -> None:
    """What has not been erased is not deleted either, whatever its age."""
    fill(storage)
    assert counts(storage) == [3] * len(HISTORY)
    storage.erase(after(1))
    assert storage.delete(after(1)) == 2
    assert counts(storage) == [2, 2, 2, 2, 1, 1]


def test_both_work_in_portions(storage: SqlStorage) -> None:
    """Nobody else waits long while much is forgotten."""
    store(storage, *(verification(f"vrf_{n}", status=Status.EXPIRED, created_at=after(n)) for n in range(5)))
    assert [storage.erase(after(9), limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert [storage.delete(after(9), limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert counts(storage)[0] == 0
