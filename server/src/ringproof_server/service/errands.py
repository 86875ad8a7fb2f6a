"""Work that waits for carriers, done beside the thread that finds it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from ringproof_server.service.lanes import Lane
from ringproof_server.service.parts import Log

AFTER_A_FAULT = 1.0
"""Seconds a thread rests after a fault: while the database is away, all it could do is to fill the log."""
AT_MOST = 1000
"""Errands that wait; what does not fit is still due and comes again."""
STOPPING = 2.0
"""Seconds that all errands under way are given at a stop."""


class Errands:
    """Does `act` for each attempt it is given, each one once at a time. Every carrier has a few threads of
    its own, so that one that hangs holds up its own errands only."""

    def __init__(
        self,
        name: str,
        act: Callable[[str], object],
        log: Log,
        *,
        carriers_of: Callable[[Sequence[str]], Mapping[str, str]],
        threads: int,
    ) -> None:
        """`carriers_of` tells which attempt is which carrier's; a carrier has at most so many `threads`."""
        self._name = name
        self._act = act
        self._log = log
        self._carriers_of = carriers_of
        self._threads = threads
        self._lock = threading.Lock()
        self._taken: set[str] = set()
        self._lanes: dict[str, Lane[str]] = {}
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Begin nothing any more; all that is under way is given two seconds together."""
        self._stopping.set()
        give_up = time.monotonic() + STOPPING
        lanes = list(self._lanes.values())
        for lane in lanes:
            lane.stop()
        for lane in lanes:
            lane.join(give_up)

    def take(self, items: Iterable[str]) -> None:
        """Do these soon, unless they wait or are under way already; waits for the database at the most.

        Called by one thread.
        """
        with self._lock:
            new = [item for item in items if item not in self._taken][: AT_MOST - len(self._taken)]
        if not new or self._stopping.is_set():
            return
        carriers = self._carriers_of(new)
        with self._lock:
            self._taken.update(new)
        for item in new:
            if not self._lane(carriers.get(item, "")).take(item):
                self._forget(item)

    def _lane(self, carrier: str) -> Lane[str]:
        if carrier not in self._lanes:
            self._lanes[carrier] = Lane(
                carrier, self._do, work=self._name, threads=self._threads, room=AT_MOST
            )
        return self._lanes[carrier]

    def _do(self, _lane: Lane[str], item: str) -> None:
        try:
            self._act(item)
        except Exception as fault:  # noqa: BLE001  (the thread must outlive any single errand)
            self._log("errand_failed", what=self._name, fault=type(fault).__name__)
            self._stopping.wait(AFTER_A_FAULT)
        finally:
            self._forget(item)

    def _forget(self, item: str) -> None:
        with self._lock:
            self._taken.discard(item)
