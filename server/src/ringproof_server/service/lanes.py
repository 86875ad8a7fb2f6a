"""The lines in which work waits for a carrier, one for each carrier and kind of work."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Lane(Generic[T]):
    """A line with threads that `serve` it, each waiting for its carrier; a thread is made when none is idle.

    Idle threads sleep until they are needed. A carrier that hangs holds the threads of its own lane only.
    """

    def __init__(
        self, carrier: str, serve: Callable[[Lane[T], T], None], *, work: str, threads: int, room: int
    ) -> None:
        """`work` names the threads together with the carrier; `serve` must not raise."""
        self.carrier = carrier
        self._work_name = work
        self._serve = serve
        self._most_threads = threads
        self._room = room
        self._line: deque[T] = deque()
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._stopping = False

    @property
    def is_full(self) -> bool:
        return len(self._line) >= self._room

    def take(self, item: T) -> bool:
        """Put it at the end of the line; False when the line is full or the lane stops."""
        with self._changed:
            if self._stopping or self.is_full:
                return False
            self._line.append(item)
            self._call_somebody()
        return True

    def put_back(self, item: T) -> None:
        """Put what was taken out before those that came later, full or not, unless the lane stops."""
        with self._changed:
            if not self._stopping:
                self._line.appendleft(item)
                self._call_somebody()

    def take_out(self, which: Callable[[T], bool]) -> list[T]:
        """Take these out of the line, the latest first."""
        with self._changed:
            out = [item for item in self._line if which(item)]
            if out:
                self._line = deque(item for item in self._line if not which(item))
        return out[::-1]

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
            name = f"{self._work_name}-{self.carrier}-{len(self._threads)}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            try:
                thread.start()
            except RuntimeError:
                # The machine has none to give. Who waits is served by the others, or when the next comes.
                return
            self._threads.append(thread)

    def _work(self) -> None:
        while (item := self._next()) is not None:
            self._serve(self, item)

    def _next(self) -> T | None:
        with self._changed:
            self._idle += 1
            self._changed.wait_for(lambda: self._line or self._stopping)
            self._idle -= 1
            return None if self._stopping else self._line.popleft()
