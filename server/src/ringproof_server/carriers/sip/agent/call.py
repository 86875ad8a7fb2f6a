"""One call of the agent: trunk after trunk until one takes it, what is reported of it, and how it ends."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from ringproof_server.carriers.plugin import Log
from ringproof_server.carriers.sip.agent.stack import CallNumbers, Leg, Timer
from ringproof_server.carriers.sip.outcomes import Reaction, is_in_service, verdict
from ringproof_server.carriers.sip.protocol import Accepted, Place, Refusal, Refused
from ringproof_server.carriers.sip.trunk import Trunk
from ringproof_server.domain.attempt import AttemptEvent
from ringproof_server.domain.channel import Reason

TRUNK_SECONDS: Final = 2.0
"""A trunk from which nothing has come after three INVITEs (at 0, 0.5 and 1.5 s) is taken for dead."""
PROGRESS_SECONDS: Final = 3.0
"""How long after a 183 a 180 is waited for before the phone is taken to ring: some trunks never send one."""
CANCEL_SECONDS: Final = 32.0
"""How long a final response to a cancelled INVITE is waited for: 64 * T1 (RFC 3261 section 9.1)."""

Reply = Callable[[Accepted | Refused], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What is said of a call; `basis` is the response from which `ring_ms` is counted."""

    kind: AttemptEvent
    reason: Reason | None = None
    ring_ms: int | None = None
    basis: int | None = None


class Desk(Protocol):
    """What a call needs around it, all in the thread of the loop."""

    def now(self) -> float:
        """Monotonic seconds."""
        ...

    def after(self, seconds: float, act: Callable[[], None]) -> Timer: ...

    def dial(self, trunk: Trunk, numbers: CallNumbers, call: Call) -> Leg: ...

    def report(self, call: Call, report: Report) -> None: ...

    def trunk_answered(self, trunk: Trunk) -> None:
        """Something came from this trunk, and not that it is out of service."""
        ...

    def trunk_failed(self, trunk: Trunk, why: str) -> None:
        """A call could not go this way."""
        ...

    def leg_given_up(self, leg: Leg) -> None:
        """A leg was cancelled that may still be answered, although its call has gone another way."""
        ...

    def leg_over(self, leg: Leg) -> None:
        """A leg that was given up has ended at last."""
        ...

    def ended(self, call: Call) -> None: ...


@dataclass(slots=True)
class _Ring:
    """When the phone began to ring (monotonic seconds), and which response said so."""

    at: float
    basis: int


@dataclass(slots=True)
class _Timers:
    backstop: Timer | None = None
    deaf: Timer | None = None
    progress: Timer | None = None
    cancelled: Timer | None = None

    def cancel(self) -> None:
        for timer in (self.backstop, self.deaf, self.progress, self.cancelled):
            if timer is not None:
                timer.cancel()


@dataclass(slots=True)
class _Failures:
    """Why the trunks that were tried did not take the call."""

    credentials: int = 0
    others: int = 0

    @property
    def reason(self) -> Reason:
        return Reason.CARRIER_ERROR if self.others or not self.credentials else Reason.CONFIG_ERROR


@dataclass(slots=True, eq=False)
class Call:
    """`reply` is told once whether the call was taken; everything after that is reported."""

    name: str
    order: Place
    trunks: Sequence[Trunk]
    desk: Desk
    log: Log
    reply: Reply
    answer: Accepted | Refused | None = None
    is_over: bool = False
    _left: Iterator[Trunk] = field(init=False)
    _tried: int = 0
    _trunk: Trunk | None = None
    _leg: Leg | None = None
    _begun_at: float = 0.0
    _ring: _Ring | None = None
    _reported_ring: bool = False
    _hung_up_at: float | None = None
    _timers: _Timers = field(default_factory=_Timers)
    _failures: _Failures = field(default_factory=_Failures)

    def __post_init__(self) -> None:
        self._left = iter(self.trunks)

    def begin(self) -> None:
        self._begun_at = self.desk.now()
        self._timers.backstop = self.desk.after(self.order.dial_timeout, self.hang_up)
        self._next_trunk()

    def hang_up(self) -> None:
        """CANCEL or BYE; nothing happens when that has been done. Also the backstop of a forgotten call."""
        if self.is_over or self._hung_up_at is not None or self._leg is None:
            return
        self._hung_up_at = self.desk.now()
        self._timers.cancelled = self.desk.after(CANCEL_SECONDS, self._cancel_was_lost)
        self._leg.cancel()

    def accept(self) -> None:
        """Say that the call was taken, if nothing was said yet; from now on its end is reported."""
        if self.answer is None:
            self.answer = Accepted(self.name)
            self.reply(self.answer)

    def heard(self, leg: Leg, code: int) -> None:
        """A response to one of our INVITEs."""
        if leg is not self._leg or self.is_over:
            self._heard_late(leg, code)
            return
        if self._timers.deaf is not None:
            self._timers.deaf.cancel()
        if self._trunk is not None and (is_in_service(code) or (code == 408 and self.answer is not None)):
            self.desk.trunk_answered(self._trunk)
        if code < 200:
            self._progressed(code)
        elif code < 300:
            self._was_answered(leg)
        else:
            self._failed(code)

    def _heard_late(self, leg: Leg, code: int) -> None:
        """From a leg that was given up. sippy cancels it as soon as it may; whoever answered gets a BYE."""
        if 200 <= code < 300:
            self.log.warning("sip_late_answer", call=self.name)
            leg.release()
        if code >= 200:
            self.desk.leg_over(leg)

    def _next_trunk(self) -> None:
        self._trunk = next(self._left, None)
        left = self.order.dial_timeout - (self.desk.now() - self._begun_at)
        if self._trunk is None or left < 1:
            self._end(self._failures.reason)
            return
        self._tried += 1
        numbers = CallNumbers(
            # Every INVITE of one call can be recognised in the trunks' records.
            call_id=self.name if self._tried == 1 else f"{self.name}-{self._tried}",
            called=self.order.called,
            caller=self.order.caller,
            expires=math.ceil(left),
        )
        self._timers.deaf = self.desk.after(TRUNK_SECONDS, self._trunk_is_deaf)
        self._leg = self.desk.dial(self._trunk, numbers, self)

    def _trunk_is_deaf(self) -> None:
        leg, trunk = self._leg, self._trunk
        if leg is None or trunk is None or self.is_over:
            return
        self._leg = None
        # The INVITE goes on being repeated, so that a trunk that did get it answers and can be cancelled.
        leg.cancel()
        self.desk.leg_given_up(leg)
        self._failures.others += 1
        self.desk.trunk_failed(trunk, "silent")
        if self._hung_up_at is not None:
            self._end(Reason.CANCELLED)
        else:
            self._next_trunk()

    def _progressed(self, code: int) -> None:
        self.accept()
        if self._hung_up_at is not None:
            return
        if code == 180:
            self._rings(180, self.desk.now())
        elif code == 183 and self._ring is None and self._timers.progress is None:
            seen_at = self.desk.now()
            self._timers.progress = self.desk.after(PROGRESS_SECONDS, lambda: self._rings(183, seen_at))

    def _rings(self, basis: int, since: float) -> None:
        if self.is_over or self._hung_up_at is not None:
            return
        if self._ring is None or self._ring.basis != 180:
            self._ring = _Ring(since, basis)
        if not self._reported_ring:
            self._reported_ring = True
            self.desk.report(self, Report(kind=AttemptEvent.RING, basis=basis))

    def _was_answered(self, leg: Leg) -> None:
        leg.release()
        self.accept()
        self.desk.report(self, Report(kind=AttemptEvent.ANSWER))
        self._end(Reason.ANSWERED)

    def _failed(self, code: int) -> None:
        if self._hung_up_at is not None:
            self._end(self._reason_of_hang_up())
            return
        found = verdict(code, rang=self._ring is not None)
        if found.reaction is Reaction.END:
            self._refused(code, found.reason)
            return
        if found.reaction is Reaction.CREDENTIALS:
            self._failures.credentials += 1
        else:
            self._failures.others += 1
        if self._trunk is not None:
            self.desk.trunk_failed(self._trunk, str(code))
        self._next_trunk()

    def _refused(self, code: int, reason: Reason) -> None:
        if self.answer is None and code == 403:
            # At once, with nothing before: that is what trunks say about accounts and caller IDs.
            self._end(Reason.CONFIG_ERROR)
            return
        if reason is not Reason.INVALID_NUMBER:
            self.accept()
        self._end(reason)

    def _reason_of_hang_up(self) -> Reason:
        if self._ring is not None:
            return Reason.RANG
        timed_out = (
            self._hung_up_at is not None and self._hung_up_at - self._begun_at >= self.order.dial_timeout
        )
        return Reason.NO_ANSWER if timed_out else Reason.CANCELLED

    def _cancel_was_lost(self) -> None:
        self.log.warning("sip_cancel_unanswered", call=self.name)
        self._end(self._reason_of_hang_up(), at=self._hung_up_at)

    def _end(self, reason: Reason, at: float | None = None) -> None:
        if self.is_over:
            return
        self.is_over = True
        self._timers.cancel()
        if self.answer is None:
            self.answer = _refusal(reason)
            self.reply(self.answer)
        else:
            ring_ms = basis = None
            if self._ring is not None:
                ring_ms = int(((at or self.desk.now()) - self._ring.at) * 1000)
                basis = self._ring.basis
            self.desk.report(self, Report(kind=AttemptEvent.END, reason=reason, ring_ms=ring_ms, basis=basis))
        self.desk.ended(self)


def _refusal(reason: Reason) -> Refused:
    """What is answered about a call that no trunk has taken."""
    if reason is Reason.INVALID_NUMBER:
        return Refused(Refusal.NUMBER, "the trunk knows no such number")
    if reason is Reason.CONFIG_ERROR:
        return Refused(Refusal.MISCONFIGURED, "the trunk refuses our account or caller ID")
    return Refused(Refusal.UNAVAILABLE, "no trunk takes the call")
