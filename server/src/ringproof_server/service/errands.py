"""Work that waits for carriers, done beside the thread that finds it."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable

from ringproof_server.service.parts import Log

AFTER_A_FAULT = 1.0
"""Seconds a thread rests after a fault: while the database is away, all it could do is to fill the log."""
AT_MOST = 1000
"""Errands that wait; what does not fit is still due and comes again."""


class Errands:
    """A few threads that do `act` for each identifier they are given, each one once at a time."""

    def __init__(self, name: str, act: Callable[[str], object], log: Log, *, threads: int) -> None:
        self._name = name
        self._act = act
        self._log = log
        self._lock = threading.Lock()
        self._taken: set[str] = set()
        self._waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True)
            for number in range(threads)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin nothing any more; all that is under way is given two seconds together."""
        self._stopping.set()
        give_up = time.monotonic() + 2
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join(timeout=max(0.0, give_up - time.monotonic()))

    def take(self, items: Iterable[str]) -> None:
        """Do these soon, unless they wait or are under way already; never waits."""
        for item in items:
            with self._lock:
                if item in self._taken or len(self._taken) >= AT_MOST:
                    continue
                self._taken.add(item)
            self._waiting.put(item)

    def _work(self) -> None:
        while (item := self._waiting.get()) is not None and not self._stopping.is_set():
            try:
                self._act(item)
            except Exception as fault:  # noqa: BLE001  (the thread must outlive any single errand)
                self._log("errand_failed", what=self._name, fault=type(fault).__name__)
                self._stopping.wait(AFTER_A_FAULT)
            finally:
                with self._lock:
                    self._taken.discard(item)
