"""The combiner itself: what cannot be seen from outside a storage is when jobs are run together."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from ringproof_server.storage.combining import Combiner, Job, WaitedTooLong

Handle = list[str]


class Bench:
    """A combiner whose batches are written down, and whose first batch can be held up."""

    def __init__(self, *, limit: int = 100, patience: float = 30.0) -> None:
        self.batches: list[int] = []
        self.threads: list[int] = []
        self.hold = threading.Event()
        self.began = threading.Event()
        self.limit = limit
        self.combiner: Combiner[Handle] = Combiner(self._run, patience=patience)

    def _run(self, first: Job[Handle], more: Callable[[int], list[Job[Handle]]]) -> None:
        batch = [first, *more(self.limit - 1)]
        self.batches.append(len(batch))
        self.threads.append(threading.get_ident())
        for job in batch:
            try:
                job.succeed(job.run([]))
            except Exception as error:
                job.fail(error)

    def blocked(self) -> str:
        def work(_: Handle) -> str:
            self.began.set()
            assert self.hold.wait(30)
            return "first"

        return self.combiner.submit(work)

    def behind_a_blocked_one(self, jobs: list[Callable[[], object]]) -> list[object]:
        """Run the jobs in threads while another is held up; let it go once all of them wait."""
        outcomes: list[object] = [None] * len(jobs)

        def run(index: int) -> None:
            try:
                outcomes[index] = jobs[index]()
            except BaseException as error:
                outcomes[index] = error

        leader = threading.Thread(target=self.blocked)
        leader.start()
        assert self.began.wait(30)
        threads = [threading.Thread(target=run, args=(index,)) for index in range(len(jobs))]
        for thread in threads:
            thread.start()
        while self.combiner.waiting < len(jobs):
            threading.Event().wait(0.001)
        self.hold.set()
        for thread in (leader, *threads):
            thread.join()
        return outcomes


def test_a_job_that_comes_alone_runs_in_its_own_thread() -> None:
    bench = Bench()
    assert bench.combiner.submit(lambda _: "done") == "done"
    assert bench.threads == [threading.get_ident()]


def test_jobs_that_come_meanwhile_share_one_batch_and_each_gets_its_own_result() -> None:
    bench = Bench()

    def submit(number: int) -> Callable[[], object]:
        return lambda: bench.combiner.submit(lambda _: number * number)

    assert bench.behind_a_blocked_one([submit(number) for number in range(20)]) == [
        number * number for number in range(20)
    ]
    assert bench.batches == [1, 20]


def test_a_batch_is_bounded_and_the_rest_is_served_by_the_next_leader() -> None:
    bench = Bench(limit=8)
    bench.behind_a_blocked_one([lambda: bench.combiner.submit(lambda _: None)] * 20)
    assert bench.batches == [1, 8, 8, 4]


def test_a_failing_job_fails_in_its_own_thread_only() -> None:
    bench = Bench()

    def submit(number: int) -> Callable[[], object]:
        def work(_: Handle) -> int:
            if number % 2:
                raise LookupError(number)
            return number

        return lambda: bench.combiner.submit(work)

    outcomes = bench.behind_a_blocked_one([submit(number) for number in range(10)])
    assert outcomes[::2] == [0, 2, 4, 6, 8]
    assert [error.args for error in outcomes[1::2] if isinstance(error, LookupError)] == [
        (1,),
        (3,),
        (5,),
        (7,),
        (9,),
    ]


def test_a_job_that_waits_too_long_is_withdrawn_and_never_run() -> None:
    bench = Bench(patience=0.05)
    ran: list[str] = []

    def submit() -> None:
        bench.combiner.submit(lambda _: ran.append("ran"))

    leader = threading.Thread(target=bench.blocked)
    leader.start()
    assert bench.began.wait(30)
    with pytest.raises(WaitedTooLong):
        submit()
    bench.hold.set()
    leader.join()
    assert bench.combiner.submit(lambda _: "alive") == "alive"
    assert ran == []


def test_work_must_not_submit_work() -> None:
    bench = Bench()
    with pytest.raises(RuntimeError):
        bench.combiner.submit(lambda _: bench.combiner.submit(lambda _: None))
    assert bench.combiner.submit(lambda _: "alive") == "alive"


def test_a_leader_that_is_interrupted_leaves_nobody_waiting() -> None:
    """Whatever ends a batch, the next one is led by somebody."""

    def interrupted(first: Job[Handle], more: Callable[[int], list[Job[Handle]]]) -> None:
        job = first
        if job.run([]) == "interrupt":
            raise KeyboardInterrupt
        job.succeed("done")

    combiner: Combiner[Handle] = Combiner(interrupted, patience=30)
    with pytest.raises(KeyboardInterrupt):
        combiner.submit(lambda _: "interrupt")
    assert combiner.submit(lambda _: "go on") == "done"
