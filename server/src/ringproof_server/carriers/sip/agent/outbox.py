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
    """A signed callback to be: its address, its body, and when it arose (monotonic seconds)."""

    url: str
    body: bytes
    at: float


class Outbox:
    """A bounded queue. What could not be delivered comes back to its front, and the oldest give way."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._events: deque[Posted] = deque(maxlen=MOST_EVENTS)
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._events)

    def post(self, url: str, body: bytes) -> None:
        with self._changed:
            self._events.append(Posted(url, body, self._monotonic()))
            self._changed.notify()

    def take(self, timeout: float) -> Posted | None:
        """The oldest event that is still of use; None if there is none within `timeout` seconds."""
        with self._changed:
            if not self._events:
                self._changed.wait(timeout)
            while self._events:
                event = self._events.popleft()
                if self._monotonic() - event.at <= OLDEST_SECONDS:
                    return event
        return None

    def give_back(self, event: Posted) -> None:
        """Keep an event that its taker could not deliver, unless newer ones fill the queue."""
        with self._changed:
            if len(self._events) < MOST_EVENTS:
                self._events.appendleft(event)
                self._changed.notify()
