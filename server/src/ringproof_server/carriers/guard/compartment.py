"""A compartment (bulkhead): a bounded number of requests to one carrier, each in a thread of its own.

Not `concurrent.futures`: its threads are waited for when the interpreter ends, and a request that hangs for
minutes must not keep a server from stopping.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")


class NotBegun(Exception):
    """The time was over before the request began, and now it never will."""


class StillRunning(Exception):
    """The time is over and the request goes on; its answer will be thrown away."""


class Outcome(Generic[T]):
    """How a request ended: with a fault, or with a result."""

    __slots__ = ("fault", "result")

    def __init__(self) -> None:
        self.fault: BaseException | None = None
        self.result: T


class _Job(Generic[T]):
    """`begun` belongs to whoever takes it first: the thread that begins the job, or whoever gives it up."""

    __slots__ = ("act", "begun", "done", "outcome")

    def __init__(self, act: Callable[[], T]) -> None:
        self.act = act
        self.begun = threading.Lock()
        self.done = threading.Lock()
        self.done.acquire()
        self.outcome: Outcome[T] = Outcome()

    def run(self) -> None:
        if not self.begun.acquire(blocking=False):
            return
        try:
            self.outcome.result = self.act()
        except BaseException as fault:  # noqa: BLE001 - Whatever it is, whoever waits must hear of it.
            self.outcome.fault = fault
        finally:
            self.done.release()


class Compartment:
    """Threads are made when they are first needed, so never before a server forks, and at most `size`.

    A request that was given up keeps its place until it comes back: so much and no more of a carrier that
    hangs can pile up.
    """

    def __init__(self, name: str, size: int) -> None:
        """`name` stands in the names of the threads."""
        self._name: Final = name
        self._places = threading.BoundedSemaphore(size)
        self._lock = threading.Lock()
        self._jobs: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        self._idle = 0

    def enter(self, patience: float) -> bool:
        """Take a place for one `run`; False when none has become free within `patience` seconds."""
        return self._places.acquire(timeout=max(0.0, patience))

    def run(self, act: Callable[[], T], timeout: float) -> Outcome[T]:
        """How `act` ended, in another thread and on the place that was taken before.

        Raises `NotBegun` or `StillRunning` after `timeout` seconds. The place is free again when `act` has
        come to its end.
        """
        job = _Job(act)
        self._hand_over(job)
        if job.done.acquire(timeout=max(0.0, timeout)):
            return job.outcome
        if job.begun.acquire(blocking=False):
            raise NotBegun
        raise StillRunning

    def close(self) -> None:
        """Let the threads that have nothing to do end; later requests make new ones."""
        with self._lock:
            idle, self._idle = self._idle, 0
        for _ in range(idle):
            self._jobs.put(None)

    def _hand_over(self, job: _Job[Any]) -> None:
        with self._lock:
            has_idle = self._idle > 0
            self._idle -= has_idle
        if has_idle:
            self._jobs.put(job)
            return
        try:
            threading.Thread(target=self._work, args=(job,), name=self._name, daemon=True).start()
        except RuntimeError:
            # The machine has no threads left; the job is never run.
            self._places.release()
            raise NotBegun from None

    def _work(self, job: _Job[Any] | None) -> None:
        while job is not None:
            job.run()
            # A thread that waits holds on to nothing: neither the numbers of the request nor its answer.
            job = None
            with self._lock:
                self._idle += 1
            self._places.release()
            job = self._jobs.get()
