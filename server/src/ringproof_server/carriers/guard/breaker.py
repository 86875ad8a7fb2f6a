"""The circuit breaker: a carrier that fails again and again is left alone for a while.

Own code: of the kept libraries pybreaker holds one lock for as long as a guarded request takes, so that all
requests stand in line, and tells the time by the machine's calendar; others let any number of requests
through while they probe. What is needed is small enough to be a table.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MOST_REMEMBERED: Final = 1000
"""Outcomes within the window that are remembered at most; the oldest are forgotten first."""
SPREAD: Final = (0.75, 1.25)
"""Each pause is multiplied by a number drawn from here, so that processes do not come back all at once."""
MOST_DOUBLINGS: Final = 16


class State(StrEnum):
    CLOSED = "closed"
    """Requests pass."""
    OPEN = "open"
    """None passes until the pause is over."""
    HALF_OPEN = "half_open"
    """One request, the probe, is under way; the others wait for what becomes of it."""


class Happening(StrEnum):
    TRIPPED = "tripped"
    """Too much has failed."""
    RESTED = "rested"
    """The pause is over and somebody asks."""
    PROBE_ANSWERED = "probe_answered"
    PROBE_FAILED = "probe_failed"
    PROBE_DROPPED = "probe_dropped"
    """The probe never got as far as the carrier, so nothing was learnt."""


TABLE: Final[dict[tuple[State, Happening], State]] = {
    (State.CLOSED, Happening.TRIPPED): State.OPEN,
    (State.OPEN, Happening.RESTED): State.HALF_OPEN,
    (State.HALF_OPEN, Happening.PROBE_ANSWERED): State.CLOSED,
    (State.HALF_OPEN, Happening.PROBE_FAILED): State.OPEN,
    (State.HALF_OPEN, Happening.PROBE_DROPPED): State.OPEN,
}
"""Every change there is; no other pair ever comes up."""


class Verdict(StrEnum):
    """What a request has shown about the carrier."""

    ANSWERED = "answered"
    """It works, whatever it said."""
    FAILED = "failed"
    NOT_ASKED = "not_asked"


_OF_PROBE: Final[dict[Verdict, Happening]] = {
    Verdict.ANSWERED: Happening.PROBE_ANSWERED,
    Verdict.FAILED: Happening.PROBE_FAILED,
    Verdict.NOT_ASKED: Happening.PROBE_DROPPED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerLimits:
    """When a breaker opens, and for how long; all times in seconds.

    It opens after `in_a_row` failures one after another, or when of at least `fewest` outcomes within
    `window` the share `failed_share` are failures. The first pause is `pause`, each failed probe doubles it,
    up to `longest_pause`.
    """

    in_a_row: int = 5
    window: float = 30.0
    failed_share: float = 0.5
    fewest: int = 20
    pause: float = 5.0
    longest_pause: float = 60.0


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave for one request, which must be reported. It holds until the breaker changes its state."""

    period: int
    is_probe: bool


class Breaker:
    """A breaker for any number of threads. `now` is always a reading, in seconds, of one monotonic clock."""

    def __init__(
        self,
        limits: BreakerLimits,
        spread: Callable[[float, float], float],
        changed: Callable[[State], None],
    ) -> None:
        """`spread` draws a number between two; `changed` is told each new state, in order, and must not call
        the breaker."""
        self._limits = limits
        self._spread = spread
        self._changed = changed
        self._lock = threading.Lock()
        self._state = State.CLOSED
        self._permit = Permit(0, is_probe=False)
        self._until = 0.0
        self._doublings = 0
        self._outcomes: deque[tuple[float, bool]] = deque()
        self._failed = 0
        self._in_a_row = 0

    @property
    def state(self) -> State:
        return self._state

    def admit(self, now: float) -> Permit | None:
        """Leave for a request, or None. Whoever is given leave must `report`."""
        with self._lock:
            if self._state is State.CLOSED:
                return self._permit
            if self._state is State.OPEN and now >= self._until:
                self._move(Happening.RESTED)
                return self._permit
            return None

    def holds(self, permit: Permit) -> bool:
        """Whether nothing has changed since this leave was given."""
        return permit.period == self._permit.period

    def wait(self, now: float) -> float:
        """Seconds until a request may pass for all that is known; 0 unless the breaker is open."""
        with self._lock:
            return max(0.0, self._until - now) if self._state is State.OPEN else 0.0

    def report(self, permit: Permit, verdict: Verdict, now: float) -> None:
        """What became of a request. One that was admitted before the last change of state says nothing: it
        neither closes a breaker that has opened since nor opens one that has closed."""
        with self._lock:
            if permit.period != self._permit.period:
                return
            if permit.is_probe:
                self._move(_OF_PROBE[verdict], now)
            elif verdict is not Verdict.NOT_ASKED:
                self._count(failed=verdict is Verdict.FAILED, now=now)

    def _count(self, *, failed: bool, now: float) -> None:
        outcomes = self._outcomes
        outcomes.append((now, failed))
        self._failed += failed
        self._in_a_row = self._in_a_row + 1 if failed else 0
        while outcomes[0][0] <= now - self._limits.window or len(outcomes) > MOST_REMEMBERED:
            self._failed -= outcomes.popleft()[1]
        if failed and self._is_too_much():
            self._move(Happening.TRIPPED, now)

    def _is_too_much(self) -> bool:
        limits, count = self._limits, len(self._outcomes)
        if self._in_a_row >= limits.in_a_row:
            return True
        return count >= limits.fewest and self._failed >= limits.failed_share * count

    def _move(self, happening: Happening, now: float = 0.0) -> None:
        self._state = TABLE[self._state, happening]
        self._permit = Permit(self._permit.period + 1, is_probe=self._state is State.HALF_OPEN)
        if self._state is State.CLOSED:
            self._doublings = 0
            self._outcomes.clear()
            self._failed = self._in_a_row = 0
        elif self._state is State.OPEN:
            self._until = now + self._pause(happening)
        self._changed(self._state)

    def _pause(self, happening: Happening) -> float:
        if happening is Happening.PROBE_DROPPED:
            return 0.0
        if happening is Happening.PROBE_FAILED:
            self._doublings = min(self._doublings + 1, MOST_DOUBLINGS)
        seconds = min(self._limits.pause * 2.0**self._doublings, self._limits.longest_pause)
        return seconds * self._spread(*SPREAD)
