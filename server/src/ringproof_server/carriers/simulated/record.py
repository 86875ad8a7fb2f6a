"""The network's own record: what the server's claims are checked against."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Row, Table, delete, func, or_, select

from ringproof_server.carriers.plugin import NetworkStore
from ringproof_server.carriers.simulated.tables import callbacks, calls, handset_events, messages

CALLS_PER_ATTEMPT_SQL: Final = "SELECT attempt_id, COUNT(*) FROM simulated_calls GROUP BY attempt_id"
"""For tools that look into the database from outside; a count above 1 is a call placed twice."""
MESSAGES_PER_ATTEMPT_SQL: Final = "SELECT attempt_id, COUNT(*) FROM simulated_messages GROUP BY attempt_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """A call as the network knows it; points of time in microseconds since 1970 in UTC.

    `caller_id` is what the caller asked to be shown, `shown` what the handset showed (None when withheld).
    """

    id: str
    attempt_id: str
    number: str = field(repr=False)
    caller_id: str = field(repr=False)
    shown: str | None = field(repr=False)
    behaviour: str
    state: str
    reason: str | None
    placed_at: int
    rang_at: int | None
    answered_at: int | None
    answered_by: str | None
    hang_up_at: int | None
    hang_ups: int
    ended_at: int | None
    heard: str | None = field(repr=False)
    keys: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRecord:
    id: str
    attempt_id: str
    number: str = field(repr=False)
    channel: str
    sender: str
    text: str = field(repr=False)
    placed_at: int
    arrived_at: int | None


class Record:
    """Reads the record, and forgets what is old."""

    def __init__(self, store: NetworkStore) -> None:
        self._store = store

    def calls_of(self, attempt_id: str) -> list[CallRecord]:
        """Every call that was placed for the attempt, in order; more than one is a fault of the server's."""
        return [_call(row) for row in self._rows(calls, attempt_id)]

    def messages_of(self, attempt_id: str) -> list[MessageRecord]:
        """Every message that was sent for the attempt, in order."""
        return [_message(row) for row in self._rows(messages, attempt_id)]

    def calls_per_attempt(self) -> dict[str, int]:
        return self._count(calls)

    def messages_per_attempt(self) -> dict[str, int]:
        return self._count(messages)

    def forget(self, before: int) -> int:
        """Delete what was placed before then (microseconds) and is over; the number of rows deleted."""

        def work(connection: Connection) -> int:
            deleted = 0
            for statement in (
                delete(calls).where(calls.c.placed_at < before, calls.c.ended_at.is_not(None)),
                delete(messages).where(messages.c.placed_at < before, messages.c.due_at.is_(None)),
                delete(handset_events).where(handset_events.c.at < before),
                delete(callbacks).where(
                    callbacks.c.due_at.is_(None),
                    or_(callbacks.c.delivered_at < before, callbacks.c.delivered_at.is_(None)),
                ),
            ):
                deleted += connection.execute(statement).rowcount
            return deleted

        return self._store.run(work)

    def _rows(self, table: Table, attempt_id: str) -> list[Row[Any]]:
        statement = (
            select(table).where(table.c.attempt_id == attempt_id).order_by(table.c.placed_at, table.c.id)
        )
        return list(self._store.look(lambda connection: connection.execute(statement).all()))

    def _count(self, table: Table) -> dict[str, int]:
        statement = select(table.c.attempt_id, func.count()).group_by(table.c.attempt_id)
        rows = self._store.look(lambda connection: connection.execute(statement).all())
        return {str(attempt_id): int(count) for attempt_id, count in rows}


def _call(row: Row[Any]) -> CallRecord:
    return CallRecord(
        id=row.id,
        attempt_id=row.attempt_id,
        number=row.number,
        caller_id=row.caller_id,
        shown=row.caller_id_shown,
        behaviour=row.behaviour,
        state=row.state,
        reason=row.reason,
        placed_at=row.placed_at,
        rang_at=row.rang_at,
        answered_at=row.answered_at,
        answered_by=row.answered_by,
        hang_up_at=row.hang_up_at,
        hang_ups=row.hang_ups,
        ended_at=row.ended_at,
        heard=row.heard,
        keys=row._mapping["keys"],
    )


def _message(row: Row[Any]) -> MessageRecord:
    return MessageRecord(
        id=row.id,
        attempt_id=row.attempt_id,
        number=row.number,
        channel=row.channel,
        sender=row.sender,
        text=row.text,
        placed_at=row.placed_at,
        arrived_at=row.arrived_at,
    )
