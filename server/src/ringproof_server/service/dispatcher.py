"""The threads that dispatch: each attempt is put in line for a carrier, each carrier has its own line."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from ringproof_server.domain.errors import ServiceUnavailable
from ringproof_server.ports import Session
from ringproof_server.service.dispatch import Dispatching
from ringproof_server.service.lanes import Lane
from ringproof_server.service.parts import Log, Parts
from ringproof_server.service.routing import Route

AFTER_A_FAULT: Final = 1.0
"""Seconds a thread rests after a fault: while the database is away, all it could do is to fill the log."""
FOUND_AT_ONCE: Final = 100
"""Attempts that one look into the database may add to those that are in line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """How many threads work, and how long anybody waits for them.

    `sorters` put attempts in line, which is short work with the database. At most `per_carrier` threads ask
    one carrier, for as long as it takes. `room` bounds each line. An attempt that has waited in a line for
    `patience` seconds goes to another carrier or on to its next step, where there is one. `poll` is the time
    in seconds between two looks for what other processes queued. A server that is to stop waits for carriers
    that are being asked for `stopping` seconds; the rest is looked up later.
    """

    sorters: int = 2
    per_carrier: int = 16
    room: int = 1000
    patience: float = 3.0
    poll: float = 0.25
    stopping: float = 5.0


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

    def is_late(self, before: datetime) -> bool:
        """Whether it has waited since before then and might go elsewhere."""
        return self.since < before and not self.stays


class Dispatcher:
    """Sorts attempts by carrier and has them placed; a carrier that hangs delays nobody else's attempts.

    What waits in a line is not claimed: another process may place it, a cancel may take it back, and after a
    crash it is only queued. What does not fit into memory is found in the database again.
    """

    def __init__(self, parts: Parts, dispatching: Dispatching, log: Log, crew: Crew | None = None) -> None:
        self._parts = parts
        self._dispatching = dispatching
        self._log = log
        self._crew = crew = crew or Crew()
        self._lanes = {
            name: Lane(name, self._serve, work="carrier", threads=crew.per_carrier, room=crew.room)
            for name in parts.carriers
        }
        self._patience = timedelta(seconds=crew.patience)
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._unsorted: queue.SimpleQueue[tuple[Waiting, Lane[Waiting] | None] | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._sort, name=f"dispatcher-{number}", daemon=True)
            for number in range(crew.sorters)
        ]
        self._threads.append(threading.Thread(target=self._look, name="dispatcher-look", daemon=True))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let the attempts under way finish, for at most `Crew.stopping` seconds together."""
        self._stopping.set()
        give_up = time.monotonic() + self._crew.stopping
        for _ in range(self._crew.sorters):
            self._unsorted.put(None)
        for lane in self._lanes.values():
            lane.stop()
        for thread in self._threads:
            thread.join(timeout=max(0.0, give_up - time.monotonic()))
        for lane in self._lanes.values():
            lane.join(give_up)

    def poke(self, attempt_id: str) -> None:
        """There is a new attempt; never waits."""
        with self._lock:
            if attempt_id in self._known or len(self._known) >= self._crew.room * (len(self._lanes) + 1):
                return
            self._known.add(attempt_id)
        item = Waiting(attempt_id=attempt_id, since=self._parts.clock.now())
        if len(self._lanes) == 1:
            # Only one carrier can be meant, so nobody has to look which.
            (lane,) = self._lanes.values()
            if lane.take(item):
                return
        self._unsorted.put((item, None))

    def _sort(self) -> None:
        while (found := self._unsorted.get()) is not None and not self._stopping.is_set():
            item, lane = found
            self._work_on(item, self._put_in_line if lane is None else partial(self._wait_on, lane=lane))

    def _serve(self, lane: Lane[Waiting], item: Waiting) -> None:
        """It is this attempt's turn: a thread has time for it."""
        self._work_on(item, partial(self._take_turn, lane=lane))

    def _work_on(self, item: Waiting, work: Callable[[Waiting], bool]) -> None:
        """Do this; the attempt is forgotten unless `work` says that it is in line again.

        After a fault it is still queued in the database, or claimed and looked up later.
        """
        in_line = False
        try:
            in_line = work(item)
        except ServiceUnavailable:
            self._log("dispatch_postponed")
            self._stopping.wait(AFTER_A_FAULT)
        except Exception as fault:  # noqa: BLE001  (the thread must outlive any single attempt)
            self._log("dispatch_failed", fault=type(fault).__name__)
            self._stopping.wait(AFTER_A_FAULT)
        finally:
            if not in_line:
                with self._lock:
                    self._known.discard(item.attempt_id)

    def _put_in_line(self, item: Waiting) -> bool:
        """Find the right line. Where the lines of all its carriers are full it stays queued in the database
        and is found again, until it has waited for too long."""
        if self._find_line(item):
            return True
        self._dispatching.leave_line(item.attempt_id, self._full(), after=self._patience)
        return False

    def _wait_on(self, item: Waiting, lane: Lane[Waiting]) -> bool:
        """An attempt has waited in its line for too long: it goes elsewhere, or to the front again."""
        moved = self._go_elsewhere(item, lane)
        if moved is None:
            lane.put_back(replace(item, stays=True))
            return True
        return moved

    def _take_turn(self, item: Waiting, lane: Lane[Waiting]) -> bool:
        """Place the attempt, unless it has waited for too long and can go elsewhere."""
        if item.is_late(self._parts.clock.now() - self._patience):
            moved = self._go_elsewhere(item, lane)
            if moved is not None:
                return moved
        self._dispatching.dispatch(item.attempt_id, item.route, item.passed_over)
        return False

    def _go_elsewhere(self, item: Waiting, lane: Lane[Waiting]) -> bool | None:
        """Whether it is in another line now, False when it is settled, None when there is nowhere to go."""
        passed_over = item.passed_over | {lane.carrier}
        item = replace(item, since=self._parts.clock.now(), passed_over=passed_over)
        if self._find_line(item):
            return True
        if self._dispatching.leave_line(item.attempt_id, item.passed_over, after=self._patience):
            return False
        return None

    def _find_line(self, item: Waiting) -> bool:
        """Put it in line for the first carrier whose line has room; False when there is none."""
        route = self._dispatching.route(item.attempt_id, item.passed_over | self._full())
        if route is None:
            return False
        return self._lanes[route.carrier.name].take(replace(item, route=route))

    def _full(self) -> frozenset[str]:
        return frozenset(name for name, lane in self._lanes.items() if lane.is_full)

    def _look(self) -> None:
        """Find what other processes queued, what was left by a process that died, and what waits too long."""
        while not self._stopping.wait(self._crew.poll):
            before = self._parts.clock.now() - self._patience
            for lane in self._lanes.values():
                for item in lane.take_out(partial(Waiting.is_late, before=before)):
                    self._unsorted.put((item, lane))
            if not self._unsorted.empty():
                continue
            try:
                found = self._parts.storage.read(self._queued)
            except Exception as fault:  # noqa: BLE001  (the database may be away for a while)
                self._log("dispatch_look_failed", fault=type(fault).__name__)
                continue
            for attempt_id in found:
                self.poke(attempt_id)

    def _queued(self, session: Session) -> list[str]:
        """What waits in the database, a little more than what is in line already."""
        return session.verifications.queued_attempts(len(self._known) + FOUND_AT_ONCE)
