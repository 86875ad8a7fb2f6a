"""Many threads' jobs, done together by whichever of them has its turn.

A durable commit costs a disk flush however much it carries. So jobs that come while one batch is being
committed wait and form the next batch. There is no writer thread: with nobody waiting, a job runs in the
thread that brought it, without a hand-off.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from threading import Lock, get_ident
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")
Handle = TypeVar("Handle")


class Job(Generic[Handle]):
    """One thread's work on a `Handle`, and what came of it."""

    __slots__ = ("_bell", "_context", "_work", "error", "is_done", "result")

    def __init__(self, work: Callable[[Handle], Any]) -> None:
        self._work = work
        self._context: Context | None = None
        self._bell: Lock | None = None
        self.is_done = False
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self, handle: Handle) -> Any:
        """Do the work as if in the thread that brought it: with its context variables."""
        if self._context is None:
            return self._work(handle)
        return self._context.run(self._work, handle)

    def succeed(self, result: Any) -> None:
        self.result, self.is_done = result, True

    def fail(self, error: BaseException) -> None:
        self.error, self.is_done = error, True

    def queue(self) -> None:
        self._context = copy_context()
        self._bell = Lock()
        self._bell.acquire()

    def wake(self) -> None:
        if self._bell is not None:
            self._bell.release()

    def wait(self, seconds: float) -> bool:
        return self._bell is None or self._bell.acquire(timeout=seconds)


class WaitedTooLong(Exception):
    """The job was not begun in time and will not be."""


class Combiner(Generic[Handle]):
    """Lets one thread at a time run a batch of jobs.

    `run_batch(first, more)` must finish `first` and every job that it takes by calling `more(limit)`, which
    answers those that wait at that moment. What it raises is raised in the thread that leads. A job that
    has not been begun after `patience` seconds is withdrawn with `WaitedTooLong`.
    """

    def __init__(
        self,
        run_batch: Callable[[Job[Handle], Callable[[int], list[Job[Handle]]]], None],
        *,
        patience: float,
    ) -> None:
        self._run_batch: Final = run_batch
        self._patience: Final = patience
        self._mutex = Lock()
        self._waiting: deque[Job[Handle]] = deque()
        self._is_led = False
        self._leader: int | None = None

    def submit(self, work: Callable[[Handle], T]) -> T:
        """The result of `work`, or its exception. Work must not submit work."""
        if self._leader == get_ident():
            raise RuntimeError("A unit of work must not begin another one")
        job: Job[Handle] = Job(work)
        with self._mutex:
            leads = not self._is_led
            if leads:
                self._is_led = True
            else:
                job.queue()
                self._waiting.append(job)
        if not leads:
            self._await(job)
        if not job.is_done:
            self._lead(job)
        if job.error is not None:
            raise job.error
        result: T = job.result
        return result

    @property
    def waiting(self) -> int:
        """How many jobs wait for the batch after the present one."""
        return len(self._waiting)

    def _await(self, job: Job[Handle]) -> None:
        if job.wait(self._patience):
            return
        with self._mutex:
            if job in self._waiting:
                self._waiting.remove(job)
                raise WaitedTooLong
        # It has been begun in the meantime, so its outcome must be known before the thread may go on.
        job.wait(-1)

    def _lead(self, job: Job[Handle]) -> None:
        taken: list[Job[Handle]] = []

        def more(limit: int) -> list[Job[Handle]]:
            with self._mutex:
                count = min(limit, len(self._waiting))
                fresh = [self._waiting.popleft() for _ in range(count)]
            taken.extend(fresh)
            return fresh

        self._leader = get_ident()
        try:
            self._run_batch(job, more)
        finally:
            self._leader = None
            # The next leader wakes first: its batch can be on its way while the others return.
            with self._mutex:
                successor = self._waiting.popleft() if self._waiting else None
                self._is_led = successor is not None
            if successor is not None:
                successor.wake()
            for other in taken:
                other.wake()
