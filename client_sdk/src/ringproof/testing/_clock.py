"""A clock for tests: waiting takes no time, and everything planned happens in its order."""

from __future__ import annotations

import heapq
import itertools
import queue
from collections.abc import Callable

from ringproof._system import Item, Mailbox


class FakeClock:
    """Implements `Clock` on one thread.

    `sleep` and `receive` move the time on and carry out what was planned with `later` on the way; `spawn`
    runs at once.
    """

    def __init__(self, *, monotonic: float = 1000.0, wall: float = 1_700_000_000.0) -> None:
        self._now = monotonic
        self._offset = wall - monotonic
        self._planned: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._withdrawn: set[int] = set()

    def monotonic(self) -> float:
        return self._now

    def wall(self) -> float:
        return self._now + self._offset

    def sleep(self, seconds: float) -> None:
        end = self._now + max(0.0, seconds)
        while self._step(end):
            pass
        self._now = max(self._now, end)

    def receive(self, mailbox: Mailbox[Item], seconds: float) -> Item | None:
        end = self._now + max(0.0, seconds)
        while True:
            try:
                return mailbox.get_nowait()
            except queue.Empty:
                pass
            if not self._step(end):
                self._now = max(self._now, end)
                return None

    def later(self, seconds: float, call: Callable[[], None]) -> Callable[[], None]:
        number = next(self._count)
        heapq.heappush(self._planned, (self._now + max(0.0, seconds), number, call))
        return lambda: self._withdrawn.add(number)

    def spawn(self, call: Callable[[], None]) -> None:
        call()

    def _step(self, end: float) -> bool:
        """Carry out the next planned thing that is due by then; False when there is none."""
        while self._planned and self._planned[0][0] <= end:
            moment, number, call = heapq.heappop(self._planned)
            if number in self._withdrawn:
                self._withdrawn.discard(number)
                continue
            self._now = max(self._now, moment)
            call()
            return True
        return False
