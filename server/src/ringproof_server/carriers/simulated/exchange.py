"""The network at work: moves on what is due, delivers callbacks, fetches documents. One step at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Row, Table, bindparam, func, select, union_all, update

from ringproof_rcml import asked_keys, spoken_text
from ringproof_server.carriers.plugin import Log, NetworkStore
from ringproof_server.carriers.simulated.callbacks import signed
from ringproof_server.carriers.simulated.moments import MILLISECOND, SECOND, moment
from ringproof_server.carriers.simulated.progress import CallRow, Spoken, arrive, locked_call
from ringproof_server.carriers.simulated.settings import NetworkSettings
from ringproof_server.carriers.simulated.tables import callbacks, calls, messages
from ringproof_server.ports import Clock, DocumentSource, EventSink

LEASE: Final = 3 * SECOND
"""After this time another process does what this one claimed and did not finish."""
ROWS_AT_ONCE: Final = 64
CALLBACKS_AT_ONCE: Final = 16
TRIES: Final = 8
FIRST_RETRY: Final = SECOND // 2

SPEECH_PER_CHARACTER: Final = 60 * MILLISECOND
"""About 150 words a minute."""
SHORTEST_TALK: Final = SECOND
LONGEST_TALK: Final = 30 * SECOND
KEYS_AWAITED: Final = 8 * SECOND


@dataclass(frozen=True, slots=True)
class DueDocument:
    """`url` is as it stands in the table, `keys` what was pressed for it; None for the first of a call."""

    call_id: str
    url: str = field(repr=False)
    keys: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class DueCallback:
    id: int
    url: str
    body: str = field(repr=False)
    tries: int


@dataclass(frozen=True, slots=True)
class Work:
    """What one process has claimed; until the lease ends no other process does it."""

    documents: tuple[DueDocument, ...]
    callbacks: tuple[DueCallback, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """The part of the network that runs in one process; any number of them share one database."""

    store: NetworkStore
    settings: NetworkSettings
    key: bytes = field(repr=False)
    clock: Clock
    log: Log
    deliver: EventSink
    answer: DocumentSource

    def step(self) -> int | None:
        """Do what is due now; when the next thing is due (microseconds), None if nothing is planned.

        A callback is delivered at least once: again after an exception of the sink (a few times, ever more
        slowly), and by another process when this one dies before it has recorded the delivery.
        """
        now = moment(self.clock.now())
        due = self.store.look(_next_due)
        if due is None or due > now:
            return due
        work = self.store.run(lambda connection: _take(connection, now, self.settings))
        if work.callbacks:
            outcomes = [(callback, self._delivered(callback)) for callback in work.callbacks]
            self.store.run(lambda connection: self._record_deliveries(connection, outcomes))
        for document in work.documents:
            self._speak(document)
        return self.store.look(_next_due)

    def _delivered(self, callback: DueCallback) -> bool:
        now = moment(self.clock.now())
        try:
            self.deliver(signed(self.key, callback.url, callback.body, now))
        except Exception as error:  # noqa: BLE001 - Whatever the server's fault is, the network calls back again.
            self.log.warning("simulated_callback_failed", tries=callback.tries, error=type(error).__name__)
            return False
        return True

    def _heard(self, document: DueDocument) -> Spoken:
        """What is spoken and how long it takes. Without a document the network hangs up soon."""
        url = document.url.partition("#")[0]
        try:
            content = self.answer(url) if document.keys is None else self.answer(url, document.keys)
            text, asked = spoken_text(content), asked_keys(content)
        except Exception as error:  # noqa: BLE001 - As above: the network survives any fault of the server.
            self.log.warning("simulated_document_failed", error=type(error).__name__)
            return Spoken("", SHORTEST_TALK)
        takes = min(max(len(text) * SPEECH_PER_CHARACTER, SHORTEST_TALK), LONGEST_TALK)
        return Spoken(text, takes + (0 if asked is None else KEYS_AWAITED), asked)

    def _speak(self, document: DueDocument) -> None:
        spoken = self._heard(document)
        now = moment(self.clock.now())

        def work(connection: Connection) -> None:
            row = locked_call(connection, document.call_id, self.settings)
            if row is not None:
                row.advance(now)
                row.hear(spoken, now, document.url)
                row.save()

        self.store.run(work)

    def _record_deliveries(self, connection: Connection, outcomes: list[tuple[DueCallback, bool]]) -> None:
        now = moment(self.clock.now())
        done = [callback.id for callback, delivered in outcomes if delivered]
        if done:
            connection.execute(
                update(callbacks).where(callbacks.c.id.in_(done)).values(delivered_at=now, due_at=None)
            )
        for callback, delivered in outcomes:
            if not delivered:
                again = now + FIRST_RETRY * 2 ** (callback.tries - 1) if callback.tries < TRIES else None
                connection.execute(
                    update(callbacks).where(callbacks.c.id == callback.id).values(due_at=again)
                )


_DUE = union_all(
    *(
        # The condition is what the partial indexes are found by.
        select(func.min(table.c.due_at).label("at")).where(table.c.due_at.is_not(None))
        for table in (calls, messages, callbacks)
    )
)
_NEXT_DUE = select(func.min(_DUE.subquery().c.at))
_DUE_ROWS: Final = {
    table: select(table)
    .where(table.c.due_at <= bindparam("now"))
    .order_by(table.c.due_at)
    .limit(ROWS_AT_ONCE)
    .with_for_update(skip_locked=True)
    for table in (calls, messages)
}
_DUE_CALLBACKS: Final = (
    select(callbacks)
    .where(callbacks.c.due_at <= bindparam("now"))
    .order_by(callbacks.c.due_at, callbacks.c.id)
    .limit(CALLBACKS_AT_ONCE)
    .with_for_update(skip_locked=True)
)


def _next_due(connection: Connection) -> int | None:
    found = connection.execute(_NEXT_DUE).scalar_one()
    return None if found is None else int(found)


def _take(connection: Connection, now: int, settings: NetworkSettings) -> Work:
    """Move on everything that is due and claim what has to be done outside the transaction."""
    documents = []
    due = [(row, calls) for row in _due_rows(connection, calls, now)]
    due += [(row, messages) for row in _due_rows(connection, messages, now)]
    # Every process locks handsets in the same order, so none waits for another in a circle.
    for row, table in sorted(due, key=lambda pair: (pair[0].number, pair[0].due_at)):
        if table is messages:
            arrive(connection, row, settings)
            continue
        call = CallRow(connection, row, settings)
        call.advance(now)
        if call.claim_document(now, now + LEASE):
            documents.append(DueDocument(call.id, call.document_url, call.keys))
        call.save()
    return Work(tuple(documents), _claim_callbacks(connection, now))


def _due_rows(connection: Connection, table: Table, now: int) -> Sequence[Row[Any]]:
    return connection.execute(_DUE_ROWS[table], {"now": now}).all()


def _claim_callbacks(connection: Connection, now: int) -> tuple[DueCallback, ...]:
    rows = connection.execute(_DUE_CALLBACKS, {"now": now}).all()
    if rows:
        connection.execute(
            update(callbacks)
            .where(callbacks.c.id.in_([row.id for row in rows]))
            .values(due_at=now + LEASE, tries=callbacks.c.tries + 1, held=False)
        )
    return tuple(DueCallback(row.id, row.url, row.body, row.tries + 1) for row in rows)
