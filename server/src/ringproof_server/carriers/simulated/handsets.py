"""The virtual handsets as whoever holds one sees and handles it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import ClassVar, Final

from sqlalchemy import Connection, select, update

from ringproof_server.carriers.plugin import NetworkStore
from ringproof_server.carriers.simulated.behaviour import Behaviour, Fault
from ringproof_server.carriers.simulated.call import CallState
from ringproof_server.carriers.simulated.moments import moment
from ringproof_server.carriers.simulated.placing import new_handset, upsert
from ringproof_server.carriers.simulated.planning import AnsweredBy
from ringproof_server.carriers.simulated.tables import calls, handset_events, handsets
from ringproof_server.domain.errors import InvalidRequest, NotFound
from ringproof_server.domain.fictitious import is_fictitious
from ringproof_server.domain.phone_number import PhoneNumber
from ringproof_server.ports import Clock

LONGEST_DELAY_MS: Final = 600_000
EVENTS_AT_ONCE: Final = 100
MOST_KEYS: Final = 64

_KEYS: Final = re.compile(r"[0-9*#]{1,32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HandsetCall:
    """A call as the handset saw it: once when it begins to ring (`ringing`) and once at its `ended`.

    `call` is common to both. `caller_id` is what the display showed, None when withheld. `ring_ms`,
    `answered` and `heard` (what was spoken, None if nobody listened) are known at the end only.
    """

    seq: int
    call: str
    state: str
    caller_id: str | None = field(repr=False)
    ring_ms: int | None
    answered: bool
    heard: str | None = field(repr=False)
    kind: ClassVar[str] = "call"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandsetMessage:
    """A message in the handset's inbox."""

    seq: int
    channel: str
    text: str = field(repr=False)
    kind: ClassVar[str] = "message"


HandsetEvent = HandsetCall | HandsetMessage


class Handsets:
    """All virtual handsets. Every method raises `NotFound` for a number that is not fictitious."""

    def __init__(self, store: NetworkStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def events(self, number: PhoneNumber, after: int = 0) -> list[HandsetEvent]:
        """What the handset has seen since event `after`, in its order, at most a hundred events."""
        e164 = _virtual(number)
        statement = (
            select(handset_events)
            .where(handset_events.c.number == e164, handset_events.c.seq > min(max(after, 0), 2**31 - 1))
            .order_by(handset_events.c.seq)
            .limit(EVENTS_AT_ONCE)
        )
        rows = self._store.look(lambda connection: connection.execute(statement).all())
        return [
            HandsetMessage(seq=row.seq, channel=row.channel, text=row.text)
            if row.kind == "message"
            else HandsetCall(
                seq=row.seq,
                call=row.call_id,
                state=row.state,
                caller_id=row.caller_id,
                ring_ms=row.ring_ms,
                answered=row.answered,
                heard=row.heard,
            )
            for row in rows
        ]

    def behaviour(self, number: PhoneNumber) -> tuple[Behaviour, int]:
        """How the handset acts now, and its further delay in milliseconds."""
        e164 = _virtual(number)
        statement = select(handsets.c.behaviour, handsets.c.delay_ms).where(handsets.c.number == e164)
        row = self._store.look(lambda connection: connection.execute(statement).one_or_none())
        return (Behaviour.RING, 0) if row is None else (Behaviour(row.behaviour), row.delay_ms)

    def behave(self, number: PhoneNumber, behaviour: str, delay_ms: int = 0) -> None:
        """How the handset acts from the next call or message on.

        `delay_ms` (0 to 600 000) is what the network takes longer to reach it; with `late`, 0 stands for a
        delay longer than a verification waits. Raises `InvalidRequest`.
        """
        e164 = _virtual(number)
        if behaviour not in set(Behaviour):
            known = ", ".join(Behaviour)
            raise InvalidRequest(
                "This behaviour is unknown.", faults=(("behaviour", f"must be one of {known}"),)
            )
        if not 0 <= delay_ms <= LONGEST_DELAY_MS:
            raise InvalidRequest(
                "This delay is not possible.",
                faults=(("delay_ms", f"must be from 0 to {LONGEST_DELAY_MS}"),),
            )
        self._set(e164, behaviour=str(behaviour), delay_ms=delay_ms)

    def set_fault(self, number: PhoneNumber, fault: Fault) -> None:
        """What every request to reach this handset meets from now on."""
        e164 = _virtual(number)
        self._set(e164, fault=fault.value)

    def press(self, number: PhoneNumber, digits: str) -> None:
        """Press keys (`0`-`9`, `*`, `#`; up to 32) in the call that the handset is in.

        Raises `InvalidRequest` for other characters, without a call that a person has answered, and after 64
        keys in a call.
        """
        e164 = _virtual(number)
        if not _KEYS.fullmatch(digits):
            raise InvalidRequest(
                "These keys do not exist.", faults=(("digits", "must be 1 to 32 of 0-9, * and #"),)
            )
        now = moment(self._clock.now())
        if not self._store.run(lambda connection: _press(connection, e164, digits, now)):
            raise InvalidRequest(
                "The handset is not in a call in which keys can be pressed.",
                faults=(("digits", "can be pressed during an answered call only"),),
            )

    def _set(self, number: str, **values: str | int) -> None:
        def work(connection: Connection) -> None:
            statement = upsert(connection).values(new_handset(number) | values)
            connection.execute(
                statement.on_conflict_do_update(index_elements=[handsets.c.number], set_=values)
            )

        self._store.run(work)


def _press(connection: Connection, number: str, digits: str, now: int) -> bool:
    talking = (
        select(calls.c.id, calls.c["keys"].label("pressed"))
        .where(
            calls.c.number == number,
            calls.c.state == CallState.ANSWERED.value,
            calls.c.answered_at <= now,
            calls.c.answered_by == AnsweredBy.PERSON.value,
        )
        .order_by(calls.c.answered_at.desc())
        .limit(1)
        .with_for_update()
    )
    row = connection.execute(talking).one_or_none()
    if row is None or len(row.pressed) + len(digits) > MOST_KEYS:
        return False
    # Due at once, because what the call listens for may be complete now.
    connection.execute(
        update(calls).where(calls.c.id == row.id).values(keys=row.pressed + digits, due_at=now)
    )
    return True


def _virtual(number: PhoneNumber) -> str:
    if not is_fictitious(number.e164):
        raise NotFound("There is no virtual handset with this number.")
    return number.e164
