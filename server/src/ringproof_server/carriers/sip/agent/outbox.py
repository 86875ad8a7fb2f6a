"""Events on their way from the agent to any server that listens."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

MOST_EVENTS: Final = 50_000
OLDEST_SECONDS: Final = 300.0
"""An event that nobody took by then helps nobody: the servers have ended its call by their own clocks."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A signed callback to be: the call that it is about, its address, its body, and when it arose (monotonic
    seconds)."""

    call: str
    url: str
    body: bytes
    at: float


class Outbox:
    """A bounded queue for any number of takers. What could not be delivered comes back to its front, and the
    oldest give way.

    The events of one call leave in their order: whoever takes one has to say what became of it, by `done` or
    `give_back`, before anybody gets the next.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._events: deque[Posted] = deque(maxlen=MOST_EVENTS)
        self._under_way: set[str] = set()
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._events)

    def post(self, call: str, url: str, body: bytes) -> None:
        with self._changed:
            self._events.append(Posted(call, url, body, self._monotonic()))
            self._changed.notify()

    def take(self, timeout: float) -> Posted | None:
        """The oldest event that is of use and may leave; None if there is none within `timeout` seconds."""
        with self._changed:
            event = self._next()
            if event is None:
                self._changed.wait(timeout)
                event = self._next()
            return event

    def done(self, event: Posted) -> None:
        """It has been delivered, so that the next of its call may leave."""
        with self._changed:
            self._let_go(event)

    def give_back(self, event: Posted) -> None:
        """Keep an event that its taker could not deliver, unless newer ones fill the queue."""
        with self._changed:
            if len(self._events) < MOST_EVENTS:
                self._events.appendleft(event)
            self._let_go(event)

    def _next(self) -> Posted | None:
        """Passes over no more than the few events of the calls of which one is under way."""
        oldest = self._monotonic() - OLDEST_SECONDS
        while self._events and self._events[0].at < oldest:
            self._events.popleft()
        for place, event in enumerate(self._events):
            if event.call not in self._under_way:
                del self._events[place]
                self._under_way.add(event.call)
                return event
        return None

    def _let_go(self, event: Posted) -> None:
        self._under_way.discard(event.call)
        if self._events:
            self._changed.notify()
