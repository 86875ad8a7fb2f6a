"""What every pacer holds, as tests: subclass `PacerContract` and give it a `bench` fixture.

    class TestMyPacer(PacerContract):
        @pytest.fixture
        def bench(self, tmp_path: Path) -> PacerBench:
            clock = FakeClock()
            return PacerBench(pacers=(MyPacer(clock),), pass_time=clock.move)

Every test needs pacers that have given no moment yet. Nothing is waited for: time passes when a test says so,
and a pacer whose clock runs on by itself may meanwhile be a little ahead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice
from threading import Barrier
from typing import Final

import pytest

from ringproof_server.ports import Pacer
from ringproof_server.testing.randomness import SeededRandom

RATE: Final = 0.01
"""One moment in a hundred seconds, so that what a test itself takes does not matter."""
INTERVAL: Final = 100.0
SLACK: Final = 10.0
"""Seconds that a busy machine may let pass by itself during a test."""
THREADS: Final = 16
AWKWARD: Final = (
    "a/b",
    "a:b",
    "a",
    "",
    "..",
    "a\n{*}\x00",
    "\N{ARABIC LETTER BEH}",
    "9" * 10_000,
    "9" * 10_001,
)
"""Keys that a careless name for them takes for one another, or for something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PacerBench:
    """Pacers that share what they know, as in several processes, and the lever for the time they go by."""

    pacers: Sequence[Pacer]
    pass_time: Callable[[float], None]


class PacerContract:
    """Everything that `ports.Pacer` promises."""

    @pytest.fixture
    def bench(self) -> PacerBench:
        """Fresh pacers for each test; every subclass has its own."""
        raise NotImplementedError

    def test_the_first_moment_is_now(self, bench: PacerBench) -> None:
        assert bench.pacers[0].reserve("k", RATE, 0) == 0

    def test_each_moment_is_one_interval_after_the_one_before(self, bench: PacerBench) -> None:
        """Whoever of those that pace together takes it."""
        waits = [pacer.reserve("k", RATE, 1000) for pacer in islice(cycle(bench.pacers), 5)]
        for place, wait in enumerate(waits):
            assert place * INTERVAL - SLACK <= wait <= place * INTERVAL

    def test_what_is_too_far_off_is_not_taken(self, bench: PacerBench) -> None:
        """The answer is the wait all the same, and the moment is there for whoever has more patience."""
        one, other = bench.pacers[0], bench.pacers[-1]
        one.reserve("k", RATE, 0)
        for _ in range(5):
            assert INTERVAL - SLACK <= other.reserve("k", RATE, 3) <= INTERVAL
        assert one.reserve("k", RATE, INTERVAL) <= INTERVAL
        assert one.reserve("k", RATE, INTERVAL) > INTERVAL

    def test_whoever_has_waited_long_enough_goes_at_once(self, bench: PacerBench) -> None:
        for pacer in bench.pacers:
            assert pacer.reserve("k", RATE, 0) == 0
            bench.pass_time(INTERVAL - 2 * SLACK)
            assert 0 < pacer.reserve("k", RATE, 0) <= 2 * SLACK
            bench.pass_time(2 * SLACK)

    def test_silence_saves_nothing_up(self, bench: PacerBench) -> None:
        """After a quiet hour there is still one moment in an interval, not a burst."""
        pacer = bench.pacers[0]
        pacer.reserve("k", RATE, 0)
        bench.pass_time(3600)
        assert pacer.reserve("k", RATE, 0) == 0
        assert pacer.reserve("k", RATE, 0) > 0

    def test_the_pace_of_each_request_holds_for_the_next(self, bench: PacerBench) -> None:
        pacer = bench.pacers[0]
        pacer.reserve("k", RATE / 2, 0)
        assert 2 * INTERVAL - SLACK <= pacer.reserve("k", RATE, 1000) <= 2 * INTERVAL
        assert 3 * INTERVAL - SLACK <= pacer.reserve("k", RATE, 1000) <= 3 * INTERVAL

    def test_a_fast_pace_is_kept_as_well(self, bench: PacerBench) -> None:
        """A thousand moments of which there are a hundred in a second reach ten seconds ahead."""
        pacer = bench.pacers[0]
        waits = [pacer.reserve("k", 100, 3600) for _ in range(1000)]
        assert max(waits) <= 9.99 + 1e-3
        bench.pass_time(3600)
        assert pacer.reserve("k", 100, 0) == 0

    def test_keys_are_paced_apart(self, bench: PacerBench) -> None:
        """Whatever characters they hold, however long they are."""
        pacer = bench.pacers[0]
        assert [pacer.reserve(key, RATE, 0) for key in AWKWARD] == [0] * len(AWKWARD)
        assert 0 not in [pacer.reserve(key, RATE, 0) for key in AWKWARD]

    def test_no_two_moments_are_ever_too_close(self, bench: PacerBench) -> None:
        """And none is given away: over a random history, by the moments that were taken."""
        draw = SeededRandom("histories")
        now, last = 0.0, -INTERVAL
        for pacer in islice(cycle(bench.pacers), 200):
            gap = draw.between(0, 1.5 * INTERVAL)
            bench.pass_time(gap)
            now += gap
            patience = draw.between(0, 3 * INTERVAL)
            wait = pacer.reserve("k", RATE, patience)
            free = max(now, last + INTERVAL)
            assert free - now - SLACK <= wait <= free - now + SLACK
            if wait <= patience:
                last = now + wait

    def test_threads_that_race_share_the_moments_out(self, bench: PacerBench) -> None:
        """Of sixteen at once each gets a moment of its own, as far as the patience reaches."""
        start = Barrier(THREADS)
        reach = 9.5 * INTERVAL

        def race(pacer: Pacer) -> list[float]:
            start.wait(timeout=60)
            return [pacer.reserve("race", RATE, reach) for _ in range(3)]

        with ThreadPoolExecutor(THREADS) as pool:
            waits = [
                wait for all_of in pool.map(race, islice(cycle(bench.pacers), THREADS)) for wait in all_of
            ]
        taken = sorted(wait for wait in waits if wait <= reach)
        assert len(taken) == 10
        for place, wait in enumerate(taken):
            assert place * INTERVAL - SLACK <= wait <= place * INTERVAL
