"""One call in the simulated network, moved on by the clock alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from ringproof_server.carriers.simulated.moments import MILLISECOND, SECOND
from ringproof_server.carriers.simulated.planning import CallPlan
from ringproof_server.domain.attempt import AttemptEvent
from ringproof_server.domain.channel import Reason

DOCUMENT_PATIENCE: Final = 10 * SECOND
"""How long the network waits for the voice document of an answered call before it hangs up."""


class CallState(StrEnum):
    PLACED = "placed"
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualCall:
    """A call as planned and as it went so far; points of time in microseconds.

    `hang_up_at` is when the caller hung up; `heard` is what was spoken to whoever answered, None until the
    document has been fetched, and `talk_ends_at` when it ends.
    """

    plan: CallPlan
    state: CallState = CallState.PLACED
    reason: Reason | None = None
    rang_at: int | None = None
    answered_at: int | None = None
    ended_at: int | None = None
    hang_up_at: int | None = None
    heard: str | None = field(default=None, repr=False)
    talk_ends_at: int | None = None

    @property
    def awaits_document(self) -> bool:
        return self.state is CallState.ANSWERED and self.heard is None

    @property
    def phone_ring_ms(self) -> int | None:
        """How long the handset rang as it measured it itself; None while it rings or if it never did."""
        stopped = self.answered_at if self.answered_at is not None else self.ended_at
        return _span_ms(self.rang_at, stopped)

    @property
    def network_ring_ms(self) -> int | None:
        """How long it rang as the caller's end of the network measured it: up to the hang-up it ordered."""
        stopped = self.answered_at if self.answered_at is not None else self.ended_at
        if self.answered_at is None and self.hang_up_at is not None and stopped is not None:
            stopped = min(stopped, self.hang_up_at)
        return _span_ms(self.rang_at, stopped)


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that became true of a call at a point of time."""

    event: AttemptEvent
    at: int


def next_change(call: VirtualCall) -> int | None:
    """When something happens next; None after the end."""
    coming = _next(call)
    return None if coming is None else coming.at


def advance(call: VirtualCall, now: int) -> tuple[VirtualCall, tuple[Happening, ...]]:
    """The call as it is at `now`, and what happened on the way, in order.

    Everything happens at its planned time however late this is asked: the network does not stand still while
    nobody watches it.
    """
    happened: list[Happening] = []
    while (coming := _next(call)) is not None and coming.at <= now:
        call = _apply(call, coming)
        happened.append(coming)
    return call, tuple(happened)


def hang_up(call: VirtualCall, now: int) -> VirtualCall:
    """The call after its caller hung up at `now`; the first hang-up counts, and none after the end.

    The call must have been advanced to `now` before.
    """
    if call.state is CallState.ENDED or call.hang_up_at is not None:
        return call
    return replace(call, hang_up_at=now)


def hear(call: VirtualCall, text: str, talk_ends_at: int) -> VirtualCall:
    """The call after the document was spoken to whoever answered; only the first time counts."""
    if not call.awaits_document:
        return call
    return replace(call, heard=text, talk_ends_at=talk_ends_at)


def hear_more(call: VirtualCall, text: str, talk_ends_at: int) -> VirtualCall:
    """The call after keys were pressed in it, and answered by speaking `text` to its end.

    `text` is all that is heard in the call, what was spoken before the keys included.
    """
    if call.state is not CallState.ANSWERED:
        return call
    return replace(call, heard=text, talk_ends_at=talk_ends_at)


def _next(call: VirtualCall) -> Happening | None:
    if call.state is CallState.ENDED:
        return None
    end = Happening(AttemptEvent.END, _end(call))
    plan = call.plan
    if call.state is CallState.PLACED and plan.rings_at is not None and plan.rings_at < end.at:
        return Happening(AttemptEvent.RING, plan.rings_at)
    if call.state is CallState.RINGING and plan.answers_at is not None and plan.answers_at < end.at:
        return Happening(AttemptEvent.ANSWER, plan.answers_at)
    return end


def _end(call: VirtualCall) -> int:
    if call.answered_at is None:
        hung_up = None if call.hang_up_at is None else call.hang_up_at + call.plan.cancel_takes
        natural = call.plan.ends_at
    else:
        # An answered call ends by a BYE, which is acknowledged: only a CANCEL gets lost here.
        hung_up = None if call.hang_up_at is None else max(call.hang_up_at, call.answered_at)
        natural = call.talk_ends_at or call.answered_at + DOCUMENT_PATIENCE
    return natural if hung_up is None else min(natural, hung_up)


def _apply(call: VirtualCall, coming: Happening) -> VirtualCall:
    if coming.event is AttemptEvent.RING:
        return replace(call, state=CallState.RINGING, rang_at=coming.at)
    if coming.event is AttemptEvent.ANSWER:
        return replace(call, state=CallState.ANSWERED, answered_at=coming.at)
    return replace(call, state=CallState.ENDED, ended_at=coming.at, reason=_reason(call, coming.at))


def _reason(call: VirtualCall, at: int) -> Reason:
    if call.answered_at is not None:
        return Reason.ANSWERED
    if call.hang_up_at is None or (at == call.plan.ends_at and at < call.hang_up_at + call.plan.cancel_takes):
        return call.plan.end_reason
    return Reason.CANCELLED if call.rang_at is None else Reason.RANG


def _span_ms(start: int | None, stop: int | None) -> int | None:
    if start is None or stop is None:
        return None
    return max(0, stop - start) // MILLISECOND
