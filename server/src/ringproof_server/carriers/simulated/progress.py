"""Moves calls and messages on in the database and records what handsets saw and what the server is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, Row, Text, bindparam, insert, select, update

from ringproof_rcml import AskedKeys
from ringproof_server.carriers.simulated import call as course
from ringproof_server.carriers.simulated import listening
from ringproof_server.carriers.simulated.behaviour import Behaviour
from ringproof_server.carriers.simulated.call import CallState, Happening, VirtualCall
from ringproof_server.carriers.simulated.callbacks import NetworkEvent, encode
from ringproof_server.carriers.simulated.chaos import Delivery, deliveries
from ringproof_server.carriers.simulated.listening import Listening
from ringproof_server.carriers.simulated.moments import MILLISECOND
from ringproof_server.carriers.simulated.planning import AnsweredBy, CallPlan, plan_reading
from ringproof_server.carriers.simulated.settings import NetworkSettings
from ringproof_server.carriers.simulated.tables import callbacks, calls, handset_events, handsets, messages
from ringproof_server.domain.attempt import AttemptEvent
from ringproof_server.domain.channel import Channel, Reason

_which: Final[BindParameter[str]] = bindparam("which", type_=Text)
# Made once: making a statement costs several times what running it does.
_LOCK_CALL: Final = select(calls).where(calls.c.id == _which).with_for_update()
_SAVE_CALL: Final = update(calls).where(calls.c.id == _which)
_SAVE_MESSAGE: Final = update(messages).where(messages.c.id == _which)
_COUNT_HANDSET_EVENT: Final = (
    update(handsets)
    .where(handsets.c.number == _which)
    .values(last_seq=handsets.c.last_seq + 1)
    .returning(handsets.c.last_seq)
)
_ADD_HANDSET_EVENT: Final = insert(handset_events)
_ADD_CALLBACK: Final = insert(callbacks).inline()
_RELEASE_CALLBACKS: Final = update(callbacks).where(callbacks.c.subject_id == _which, callbacks.c.held)


def call_of(row: Row[Any]) -> VirtualCall:
    """The call in a row of `calls`."""
    return VirtualCall(
        plan=CallPlan(
            rings_at=row.rings_at,
            answers_at=row.answers_at,
            answered_by=None if row.answered_by is None else AnsweredBy(row.answered_by),
            ends_at=row.ends_at,
            end_reason=Reason(row.end_reason),
            shown=row.caller_id_shown,
            cancel_takes=row.cancel_takes,
        ),
        state=CallState(row.state),
        reason=None if row.reason is None else Reason(row.reason),
        rang_at=row.rang_at,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        hang_up_at=row.hang_up_at,
        heard=row.heard,
        talk_ends_at=row.talk_ends_at,
    )


@dataclass(frozen=True, slots=True)
class Spoken:
    """A voice document as the network understands it: its text, how long that takes, and which keys it asks
    for."""

    text: str = field(repr=False)
    takes: int
    asked: AskedKeys | None = field(default=None, repr=False)


class CallRow:
    """A call whose row this transaction has locked. `save` writes what has become of it."""

    def __init__(self, connection: Connection, row: Row[Any], settings: NetworkSettings) -> None:
        self._connection = connection
        self._row = row
        self._settings = settings
        self._events: int = row.events
        self._claimed_until: int = row.document_claimed_until
        self._document_url: str = row.document_url
        self._keys: str = row._mapping["keys"]
        self.call = call_of(row)

    @property
    def id(self) -> str:
        return str(self._row.id)

    @property
    def hang_ups(self) -> int:
        return int(self._row.hang_ups)

    @property
    def document_url(self) -> str:
        """Where the next document is, with what is awaited there (see `listening`)."""
        return self._document_url

    @property
    def keys(self) -> str | None:
        """The keys that are to be told; None before the first document, and while more are awaited."""
        awaited = self._listening
        return None if awaited is None else awaited.pressed(self._keys)

    @property
    def _listening(self) -> Listening | None:
        return None if self.call.awaits_document else listening.read(self._document_url)

    @property
    def _awaits_document(self) -> bool:
        return self.call.awaits_document or (self.call.state is CallState.ANSWERED and self.keys is not None)

    def advance(self, now: int) -> None:
        """Bring the call to `now`; what happens on the way is recorded at its own time."""
        for happening in self._moved(now):
            self._events += 1
            self._tell_handset(happening)
            self._tell_server(happening)

    def hang_up(self, now: int) -> None:
        """Hang up, as the caller, a call that has been brought to `now`."""
        self.call = course.hang_up(self.call, now)
        self.advance(now)

    def hear(self, document: Spoken, now: int, fetched_from: str) -> None:
        """Speak the document that was fetched from there, unless another process has done so before."""
        if fetched_from != self._document_url:
            return
        before, awaited = "", self._listening
        used = 0 if awaited is None else awaited.after(self._keys)
        if awaited is None:
            self.call = course.hear(self.call, document.text, now + document.takes)
        else:
            before = (self.call.heard or "")[: awaited.heard]
            text = f"{before} {document.text}".strip()
            self.call = course.hear_more(self.call, text, now + document.takes)
        self._claimed_until = 0
        self._document_url = document_after(document, used, before)

    def claim_document(self, now: int, until: int) -> bool:
        """Whether this process is to fetch the document, which no other process does before `until`."""
        if not self._awaits_document or self._claimed_until > now:
            return False
        self._claimed_until = until
        return True

    def save(self, **more: str | int) -> None:
        call, reason = self.call, self.call.reason
        due_at = course.next_change(call)
        if self._awaits_document and due_at is not None:
            due_at = min(due_at, self._claimed_until)
        self._connection.execute(
            _SAVE_CALL,
            {
                "which": self.id,
                "state": call.state.value,
                "reason": None if reason is None else reason.value,
                "rang_at": call.rang_at,
                "answered_at": call.answered_at,
                "ended_at": call.ended_at,
                "hang_up_at": call.hang_up_at,
                "heard": call.heard,
                "talk_ends_at": call.talk_ends_at,
                "events": self._events,
                "document_url": self._document_url,
                "document_claimed_until": self._claimed_until,
                "due_at": due_at,
                **more,
            },
        )

    def _moved(self, now: int) -> Iterable[Happening]:
        # One at a time, so that what is recorded of each is the call as it was then.
        while (change := course.next_change(self.call)) is not None and change <= now:
            self.call, happened = course.advance(self.call, change)
            yield from happened

    def _tell_handset(self, happening: Happening) -> None:
        call = self.call
        if call.rang_at is None or happening.event is AttemptEvent.ANSWER:
            return
        ended = happening.event is AttemptEvent.END
        seen = {
            "kind": "call",
            "call_id": self.id,
            "state": "ended" if ended else "ringing",
            "caller_id": call.plan.shown,
            "ring_ms": call.phone_ring_ms if ended else None,
            "answered": ended and call.answered_at is not None,
            "heard": call.heard if ended else None,
        }
        _add_handset_event(self._connection, self._row.number, happening.at, seen)

    def _tell_server(self, happening: Happening) -> None:
        last = happening.event is AttemptEvent.END
        event = NetworkEvent(
            key=f"{self.id}.{self._events}",
            kind=happening.event,
            reference=self._row.reference,
            remote_id=self.id,
            reason=self.call.reason if last else None,
            ring_ms=self.call.network_ring_ms if last else None,
        )
        _queue(self._connection, self._row, event, happening.at, last=last, settings=self._settings)


def document_after(document: Spoken, used: int, before: str) -> str:
    """What a call that has heard `before` and used so many keys fetches after this document, if anything."""
    asked = document.asked
    if asked is None:
        return ""
    heard = len(f"{before} {asked.prompt}".strip())
    return listening.written(Listening(url=asked.action, start=used, count=asked.keys, heard=heard))


def locked_call(connection: Connection, call_id: str, settings: NetworkSettings) -> CallRow | None:
    """The call of this name, locked; None if the network has none."""
    row = connection.execute(_LOCK_CALL, {"which": call_id}).one_or_none()
    return None if row is None else CallRow(connection, row, settings)


def arrive(connection: Connection, row: Row[Any], settings: NetworkSettings) -> None:
    """What is due of the message in this row of `messages`: it reaches its handset, is turned back, or is
    looked at after it has arrived."""
    behaviour = Behaviour(row.behaviour)
    if row.arrived_at is not None:
        _tell_of_message(connection, row, AttemptEvent.READ, settings, last=True)
        connection.execute(_SAVE_MESSAGE, {"which": row.id, "due_at": None})
        return
    if behaviour is Behaviour.UNDELIVERED:
        _tell_of_message(connection, row, AttemptEvent.FAIL, settings, last=True)
        connection.execute(_SAVE_MESSAGE, {"which": row.id, "due_at": None})
        return
    read_at = plan_reading(
        behaviour,
        Channel(row.channel),
        arrived_at=row.due_at,
        timings=settings.timings,
        dice=settings.dice.about(row.number, row.ordinal),
    )
    connection.execute(_SAVE_MESSAGE, {"which": row.id, "arrived_at": row.due_at, "due_at": read_at})
    _add_handset_event(
        connection, row.number, row.due_at, {"kind": "message", "channel": row.channel, "text": row.text}
    )
    _tell_of_message(connection, row, AttemptEvent.DELIVER, settings, last=read_at is None)


def _tell_of_message(
    connection: Connection, row: Row[Any], kind: AttemptEvent, settings: NetworkSettings, *, last: bool
) -> None:
    event = NetworkEvent(
        key=f"{row.id}.{2 if kind is AttemptEvent.READ else 1}",
        kind=kind,
        reference=row.reference,
        remote_id=row.id,
        reason=Reason.UNREACHABLE if kind is AttemptEvent.FAIL else None,
    )
    _queue(connection, row, event, row.due_at, last=last, settings=settings)


def _add_handset_event(connection: Connection, number: str, at: int, seen: Mapping[str, object]) -> None:
    # The handset's row stays locked until the end of the transaction, so numbers appear in their order.
    seq = connection.execute(_COUNT_HANDSET_EVENT, {"which": number}).scalar_one()
    connection.execute(_ADD_HANDSET_EVENT, {"number": number, "seq": seq, "at": at, **seen})


def _queue(
    connection: Connection,
    row: Row[Any],
    event: NetworkEvent,
    at: int,
    *,
    last: bool,
    settings: NetworkSettings,
) -> None:
    dice = settings.dice.about(row.number, row.ordinal, event.kind.value)
    planned = deliveries(at, last=last, chaos=settings.chaos, dice=dice)
    _release_held(connection, row.id, planned)
    for delivery in planned:
        connection.execute(
            _ADD_CALLBACK,
            {
                "subject_id": row.id,
                "key": event.key,
                "url": row.events_url,
                "body": encode(event),
                "held": delivery.held,
                "tries": 0,
                "due_at": delivery.due_at,
            },
        )


def _release_held(connection: Connection, subject_id: str, planned: tuple[Delivery, ...]) -> None:
    overtaking = [delivery.due_at for delivery in planned if not delivery.held]
    if not overtaking:
        return
    parameters = {"which": subject_id, "held": False, "due_at": min(overtaking) + MILLISECOND}
    connection.execute(_RELEASE_CALLBACKS, parameters)
