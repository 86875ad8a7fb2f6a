"""Turns Android's phone-state broadcasts into calls. No input or output, no clock of its own.

With both permissions an app gets every state twice, once with and once without the number, in any order
(javadoc of TelephonyManager.ACTION_PHONE_STATE_CHANGED); a cached app gets them later and all at once. From
these come one `ringing` and one `ended` per call, the number from whichever copy had it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ringproof._calls import Basis, CallEvent, EventKind, Quality
from ringproof._match import ascii_digits

PhoneState: TypeAlias = Literal["RINGING", "OFFHOOK", "IDLE"]

BURST_MS = 80
"""No ring is so short: start and end were delivered together."""
GHOST_MS = 1_500
"""For so long after an end a RINGING copy without another number belongs to the call that has ended."""
LATE_NUMBER_MS = 2_000
"""For so long after an end a copy may still bring the number."""
LONGEST_RING_MS = 30_000
"""A ring still open after this lost its end: flash calls are dialled for 20 s at most."""


@dataclass(frozen=True)
class StateBroadcast:
    """One copy of one broadcast.

    `number` None: this copy has no number extra. Empty: the extra is there and empty, which is how Android
    says that the caller's number is withheld. Times are milliseconds, `mono_ms` of a clock that never jumps.
    """

    state: PhoneState
    number: str | None = field(repr=False)
    mono_ms: int
    wall_ms: int


@dataclass
class _Ring:
    """One call as far as it is known."""

    call: int
    start_ms: int
    during_call: bool
    number: str | None = field(default=None, repr=False)
    withheld: bool = False
    ended_ms: int | None = None
    ring_ms: int | None = None
    quality: Quality = "live"
    answered: bool | None = None

    def is_other(self, number: str | None) -> bool:
        """Whether a copy is certainly of another call."""
        return bool(number and self.number) and ascii_digits(number or "") != ascii_digits(self.number or "")

    def learn(self, number: str | None) -> bool:
        """Take over what a copy says about the caller; whether that was news.

        A number beats `withheld`, because some phones send the other copy with an empty number.
        """
        if number and self.number is None:
            self.number, self.withheld = number, False
            return True
        if number == "" and self.number is None and not self.withheld:
            self.withheld = True
            return True
        return False


class RingTracker:
    """Feed it every broadcast, and the time now and then; it answers with what happened.

    Of the 24 orders in which the four copies of a call can come, 20 give the call at once. In the other four
    both ends overtake both starts: that call is closed by `advance`, without a ring time.
    """

    def __init__(self, basis: Basis = "phone_state") -> None:
        self._basis: Basis = basis
        self._calls = 0
        self._ring: _Ring | None = None
        self._offhook = False

    @property
    def due_ms(self) -> int | None:
        """When `advance` should be called at the latest, on the monotonic clock; None: no ring is open."""
        ring = self._ring
        return ring.start_ms + LONGEST_RING_MS if ring and ring.ended_ms is None else None

    def observe(self, copy: StateBroadcast) -> list[CallEvent]:
        """What one copy of a broadcast tells; often nothing new."""
        if copy.state == "RINGING":
            return self._ringing(copy)
        events = self._quiet(copy)
        self._offhook = copy.state == "OFFHOOK"
        return events

    def advance(self, mono_ms: int, wall_ms: int) -> list[CallEvent]:
        """Close a ring whose end got lost."""
        due = self.due_ms
        if due is None or mono_ms < due:
            return []
        return [self._close(mono_ms, wall_ms)]

    def _ringing(self, copy: StateBroadcast) -> list[CallEvent]:
        ring = self._ring
        if ring is None:
            return [self._open(copy)]
        if ring.ended_ms is None:
            if not ring.is_other(copy.number):
                return self._identify(ring, copy)
            # Telecom never announces a second call during a ring, so the end of the first one got lost.
            return [self._close(copy.mono_ms, copy.wall_ms), self._open(copy)]
        if copy.mono_ms - ring.ended_ms <= GHOST_MS and not ring.is_other(copy.number):
            return self._identify(ring, copy)
        return [self._open(copy)]

    def _quiet(self, copy: StateBroadcast) -> list[CallEvent]:
        ring = self._ring
        if ring is None:
            return []
        if ring.ended_ms is not None:
            fresh = copy.mono_ms - ring.ended_ms <= LATE_NUMBER_MS
            return self._identify(ring, copy) if fresh else []
        ring.learn(copy.number)
        length = copy.mono_ms - ring.start_ms
        if length >= BURST_MS:
            ring.ring_ms = length
        if not ring.during_call:
            ring.answered = copy.state == "OFFHOOK"
        return [self._close(copy.mono_ms, copy.wall_ms)]

    def _open(self, copy: StateBroadcast) -> CallEvent:
        self._calls += 1
        ring = self._ring = _Ring(self._calls, copy.mono_ms, self._offhook)
        ring.learn(copy.number)
        return self._event("ringing", ring, copy.mono_ms, copy.wall_ms)

    def _identify(self, ring: _Ring, copy: StateBroadcast) -> list[CallEvent]:
        if not ring.learn(copy.number):
            return []
        return [self._event("number_late", ring, copy.mono_ms, copy.wall_ms)]

    def _close(self, mono_ms: int, wall_ms: int) -> CallEvent:
        ring = self._ring
        assert ring is not None
        ring.ended_ms = mono_ms
        ring.quality = "live" if ring.ring_ms is not None else "burst"
        return self._event("ended", ring, mono_ms, wall_ms)

    def _event(self, kind: EventKind, ring: _Ring, mono_ms: int, wall_ms: int) -> CallEvent:
        return CallEvent(
            kind=kind,
            call=ring.call,
            number=ring.number,
            withheld=ring.withheld,
            ring_ms=ring.ring_ms,
            basis=self._basis,
            quality=ring.quality,
            answered=ring.answered,
            mono_ms=mono_ms,
            wall_ms=wall_ms,
        )
