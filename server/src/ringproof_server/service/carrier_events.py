"""What carriers tell us: signature first, repeats dropped, then the attempt moves along its table."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ringproof_server.domain.attempt import Attempt, AttemptEvent, AttemptState
from ringproof_server.domain.channel import Channel, Reason
from ringproof_server.domain.errors import (
    CallbackRefused,
    CarrierUnavailable,
    ImpossibleTransition,
    NotFound,
    ServiceUnavailable,
)
from ringproof_server.ports import CallbackRequest, CarrierEvent, Session
from ringproof_server.service.aftermath import carry_out
from ringproof_server.service.change import Aftermath, Change, backstop, is_awaited
from ringproof_server.service.failover import Failover
from ringproof_server.service.parts import Parts
from ringproof_server.service.routing import Routing
from ringproof_server.service.spoken import SpokenCalls, SpokenDocument
from ringproof_server.service.steps import Steps

COME_AGAIN = 5.0
"""Seconds after which a carrier may send a callback again that we cannot judge now."""


class CarrierEvents:
    """Takes carriers' callbacks and answers what is to be said on answered calls."""

    def __init__(self, parts: Parts, steps: Steps) -> None:
        self._parts = parts
        self._failover = Failover(Routing(parts.carriers, parts.config.routes, parts.random), steps)
        self._spoken = SpokenCalls(parts, steps)

    def receive(self, carrier_name: str, request: CallbackRequest) -> None:
        """Apply a callback. Raises `NotFound` for an unknown carrier, `CallbackRefused` for a false one, and
        `ServiceUnavailable` for one that cannot be judged now and shall come again.

        A repeat, or an event of an attempt that is not known any more, changes nothing and is no error: the
        carrier would only send it again.
        """
        carrier = self._parts.carriers.get(carrier_name)
        if carrier is None:
            raise NotFound("there is no such carrier")
        try:
            event = carrier.parse_event(request)
        except CarrierUnavailable:
            raise ServiceUnavailable("The callback cannot be judged now", retry_after=COME_AGAIN) from None
        if event is None:
            return
        aftermath = self._parts.storage.write(lambda session: self._apply(session, carrier_name, event))
        carry_out(self._parts, aftermath)

    def document(self, reference: str) -> SpokenDocument | None:
        """What to say to whoever answered a call; see `SpokenCalls.document`."""
        return self._spoken.document(reference)

    def keys(self, reference: str, keys: str) -> SpokenDocument | None:
        """What to say after keys were pressed; see `SpokenCalls.keys`."""
        return self._spoken.keys(reference, keys)

    def _apply(self, session: Session, carrier_name: str, event: CarrierEvent) -> Aftermath | None:
        now = self._parts.clock.now()
        attempt = None
        if event.attempt_id is not None:
            attempt = session.verifications.attempt(event.attempt_id)
        elif event.remote_id is not None:
            attempt = session.verifications.attempt_by_remote_id(carrier_name, event.remote_id)
        if attempt is None:
            return None
        if attempt.carrier != carrier_name:
            raise CallbackRefused("the attempt was not given to this carrier")
        if not _is_its_own(session, attempt, event):
            raise CallbackRefused("the event is about another call or message")
        if not session.verifications.see_event(carrier_name, event.key, now):
            return None
        change = Change.load(session, attempt.verification_id, now)
        self._move(change, change.attempt(attempt.id), event)
        return change.save()

    def _move(self, change: Change, attempt: Attempt, event: CarrierEvent) -> None:
        changes: dict[str, Any] = _WHAT_CHANGES[event.kind](self, change, attempt, event)
        if event.remote_id is not None and attempt.remote_id is None:
            change.set_attempt(attempt.id, remote_id=event.remote_id)
        try:
            note = change.move(attempt.id, event.kind, **changes)
        except ImpossibleTransition as fault:
            change.remark("event_ignored", event=event.kind, why=str(fault))
            return
        if attempt.reason in GIVEN_UP and event.kind in SHOWS_LIFE and attempt.state is AttemptState.ENDED:
            change.set_attempt(attempt.id, hang_up_at=change.now, hang_ups=0)
        moved = change.attempt(attempt.id)
        if note:
            change.remark("odd_event", event=event.kind, why=note)
        if moved.state is not attempt.state:
            change.note("attempt_moved", channel=moved.channel, state=moved.state, reason=moved.reason)
            if moved.state.is_final:
                self._failover.attempt_ended(change, moved)

    def _on_ring(self, change: Change, attempt: Attempt, _event: CarrierEvent) -> dict[str, Any]:
        """The hang-up of a flash call is set for a random moment; a call that has something to say rings for
        as long as the carrier lets it. One that nobody waits for any more is hung up now.

        A hang-up that was ordered before has not reached the call, so it does not count.
        """
        if attempt.channel is not Channel.FLASHCALL:
            return {"ringing_at": change.now, "hang_up_at": backstop(change, attempt), "hang_ups": 0}
        low, high = change.application.policy.ring_seconds
        seconds = self._parts.random.between(low, high) if is_awaited(change, attempt) else 0.0
        hang_up_at = change.now + timedelta(seconds=seconds)
        return {"ringing_at": change.now, "hang_up_at": hang_up_at, "hang_ups": 0}

    def _on_answer(self, change: Change, attempt: Attempt, event: CarrierEvent) -> dict[str, Any]:
        """Whoever answered is spoken to; the document ends the call, else the backstop does."""
        rang = _ring_ms(change, attempt, event)
        longest = TALK_AT_MOST if attempt.channel is Channel.FLASHCALL else TALK_WITH_KEYS_AT_MOST
        return {"answered_at": change.now, "ring_ms": rang, "hang_up_at": change.now + longest}

    def _on_end(self, change: Change, attempt: Attempt, event: CarrierEvent) -> dict[str, Any]:
        reason = event.reason or Reason.UNKNOWN
        if attempt.answered_at is not None:
            reason = Reason.ANSWERED
        elif reason is Reason.CANCELLED and attempt.ringing_at is not None:
            # Our own hang-up: the phone rang for as long as it should.
            reason = Reason.RANG
        ring_ms = attempt.ring_ms if attempt.ring_ms is not None else _ring_ms(change, attempt, event)
        return {"ended_at": change.now, "reason": reason, "ring_ms": ring_ms, "hang_up_at": None}

    def _on_fail(self, change: Change, _attempt: Attempt, event: CarrierEvent) -> dict[str, Any]:
        return {"ended_at": change.now, "reason": event.reason or Reason.UNKNOWN}

    def _on_accept(self, change: Change, attempt: Attempt, _event: CarrierEvent) -> dict[str, Any]:
        hang_up_at = backstop(change, attempt) if attempt.channel.is_call else None
        return {"accepted_at": change.now, "hang_up_at": hang_up_at}

    def _on_progress(self, _change: Change, _attempt: Attempt, _event: CarrierEvent) -> dict[str, Any]:
        return {}


TALK_AT_MOST = timedelta(seconds=15)
"""A sentence takes about five seconds; a call that talks for longer is hung up."""

TALK_WITH_KEYS_AT_MOST = timedelta(seconds=90)
"""To hear the question twice, to find the keys, to mistype and be asked again, and to hear a code twice."""

GIVEN_UP = frozenset({Reason.UNKNOWN, Reason.CARRIER_ERROR, Reason.CONFIG_ERROR, Reason.CANCELLED})
"""Ends that we declared without having heard of them: such a call may come up after all."""

SHOWS_LIFE = frozenset({AttemptEvent.ACCEPT, AttemptEvent.RING, AttemptEvent.ANSWER})

_WHAT_CHANGES = {
    AttemptEvent.CLAIM: CarrierEvents._on_progress,
    AttemptEvent.ACCEPT: CarrierEvents._on_accept,
    AttemptEvent.RING: CarrierEvents._on_ring,
    AttemptEvent.ANSWER: CarrierEvents._on_answer,
    AttemptEvent.END: CarrierEvents._on_end,
    AttemptEvent.DELIVER: CarrierEvents._on_progress,
    AttemptEvent.READ: CarrierEvents._on_progress,
    AttemptEvent.FAIL: CarrierEvents._on_fail,
}


def _is_its_own(session: Session, attempt: Attempt, event: CarrierEvent) -> bool:
    """Whether the carrier's name for what it speaks of can be this attempt's.

    Some carriers sign what they say, but not the address they say it to, which names the attempt: what was
    captured about one call, and is sent to the address of another, must not become an event of that.
    """
    if event.attempt_id is None or event.remote_id is None:
        return True
    if attempt.remote_id is not None:
        return attempt.remote_id == event.remote_id
    known = session.verifications.attempt_by_remote_id(attempt.carrier or "", event.remote_id)
    return known is None or known.id == attempt.id


def _ring_ms(change: Change, attempt: Attempt, event: CarrierEvent) -> int | None:
    if event.ring_ms is not None:
        return event.ring_ms
    if attempt.ringing_at is None or attempt.state is AttemptState.ENDED:
        return None
    return int((change.now - attempt.ringing_at).total_seconds() * 1000)
