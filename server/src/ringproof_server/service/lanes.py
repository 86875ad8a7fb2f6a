"""The lines in which attempts wait for their carriers, one for each carrier."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ringproof_server.service.routing import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An attempt in line; nobody has claimed it, so any other process may take it.

    `since` is when it began to wait for this line, `route` what was chosen for it, None where there is only
    one carrier. `passed_over` are the carriers in whose lines it has waited for too long before; `stays` is
    whether there is nowhere else to go.
    """

    attempt_id: str
    since: datetime
    route: Route | None = None
    passed_over: frozenset[str] = frozenset()
    stays: bool = False


class Lane:
    """A line with threads that `serve` it, each waiting for its carrier; a thread is made when none is idle.

    Idle threads sleep until they are needed. A carrier that hangs holds the threads of its own lane only.
    """

    def __init__(
        self, carrier: str, serve: Callable[[Lane, Waiting], None], *, threads: int, room: int
    ) -> None:
        self.carrier = carrier
        self._serve = serve
        self._most_threads = threads
        self._room = room
        self._line: deque[Waiting] = deque()
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._stopping = False

    @property
    def is_full(self) -> bool:
        return len(self._line) >= self._room

    def take(self, item: Waiting) -> bool:
        """Put it at the end of the line; False when the line is full or the lane stops."""
        with self._changed:
            if self._stopping or self.is_full:
                return False
            self._line.append(item)
            self._call_somebody()
        return True

    def put_back(self, item: Waiting) -> None:
        """Put what `take_late` gave before those that came later, full or not, unless the lane stops."""
        with self._changed:
            if not self._stopping:
                self._line.appendleft(item)
                self._call_somebody()

    def take_late(self, before: datetime) -> list[Waiting]:
        """Take out everything that has waited since before then and might go elsewhere, the latest first."""
        with self._changed:
            late = [item for item in self._line if item.since < before and not item.stays]
            if late:
                self._line = deque(item for item in self._line if item.since >= before or item.stays)
        return late[::-1]

    def stop(self) -> None:
        """Begin nothing any more and forget who waits; whoever is being served is waited for by `join`."""
        with self._changed:
            self._stopping = True
            self._line.clear()
            self._changed.notify_all()

    def join(self, until: float) -> None:
        """Wait for the threads, at most until this moment of the monotonic clock."""
        for thread in self._threads:
            thread.join(timeout=max(0.0, until - time.monotonic()))

    def _call_somebody(self) -> None:
        if len(self._line) <= self._idle:
            self._changed.notify()
        elif len(self._threads) < self._most_threads:
            name = f"carrier-{self.carrier}-{len(self._threads)}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        while (item := self._next()) is not None:
            self._serve(self, item)

    def _next(self) -> Waiting | None:
        with self._changed:
            self._idle += 1
            self._changed.wait_for(lambda: self._line or self._stopping)
            self._idle -= 1
            return None if self._stopping else self._line.popleft()
