"""What every rate limiter holds, as tests: subclass `RateLimiterContract` and give it a `bench` fixture.

    class TestMyLimiter(RateLimiterContract):
        @pytest.fixture
        def bench(self) -> LimiterBench:
            clock = FakeClock()
            return LimiterBench(limiters=(MyLimiter(clock),), pass_time=clock.move)

Every test needs limiters that have counted nothing. Nothing is waited for: time passes when a test says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice
from threading import Barrier
from typing import Final

import pytest

from ringproof_server.ports import RateLimiter
from ringproof_server.testing.randomness import SeededRandom

PRECISION: Final = 0.01
"""Seconds by which a wait may be off."""
THREADS: Final = 16
AWKWARD: Final = (
    ("a/b", "c"),
    ("a", "b/c"),
    ("a:b", "c"),
    ("a", "b:c"),
    ("a", ""),
    ("a", "b\n{*}\x00"),
    ("a", "2001:db8::7%eth0"),
    ("a", "\N{ARABIC LETTER BEH}"),
    ("a", "9" * 10_000),
    ("a", "9" * 10_001),
)
"""Rules and keys that a careless way to put them together takes for one another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimiterBench:
    """Limiters that count together, as in several processes, and the lever for the time they count by.

    A limiter that counts in one process only stands alone.
    """

    limiters: Sequence[RateLimiter]
    pass_time: Callable[[float], None]


class RateLimiterContract:
    """Everything that `ports.RateLimiter` promises."""

    def test_as_many_fit_as_the_limit_says_then_the_wait_is_told(self, bench: LimiterBench) -> None:
        """However the events are spread over those that count together."""
        limiters = cycle(bench.limiters)
        assert [next(limiters).hit("r", "k", 5, 600) for _ in range(5)] == [None] * 5
        for limiter in bench.limiters:
            assert limiter.hit("r", "k", 5, 600) == pytest.approx(600, abs=PRECISION)

    def test_whoever_waits_as_told_is_let_in(self, bench: LimiterBench) -> None:
        limiter = bench.limiters[0]
        assert limiter.hit("r", "k", 1, 60) is None
        bench.pass_time(12.5)
        wait = limiter.hit("r", "k", 1, 60)
        assert wait is not None
        assert wait == pytest.approx(47.5, abs=PRECISION)
        bench.pass_time(wait + PRECISION)
        assert limiter.hit("r", "k", 1, 60) is None

    def test_the_window_moves(self, bench: LimiterBench) -> None:
        """The limit holds for every span of the window's length, not from one full minute to the next."""
        limiter = bench.limiters[0]
        assert limiter.hit("r", "k", 2, 60) is None
        bench.pass_time(59)
        assert limiter.hit("r", "k", 2, 60) is None
        bench.pass_time(2)
        assert limiter.hit("r", "k", 2, 60) is None
        assert limiter.hit("r", "k", 2, 60) == pytest.approx(58, abs=PRECISION)

    def test_no_window_ever_holds_more_than_the_limit(self, bench: LimiterBench) -> None:
        """And none less than it could: over random histories, by a count of what was let in."""
        draw = SeededRandom("histories")
        for history in range(20):
            limit, window = 1 + draw.below(5), 1 + draw.below(60)
            allowed: list[float] = []
            now = 0.0
            for limiter in islice(cycle(bench.limiters), 40):
                gap = draw.between(0.02, 30.0)
                bench.pass_time(gap)
                now += gap
                wait = limiter.hit("r", str(history), limit, window)
                recent = [at for at in allowed if at > now - window]
                if wait is None:
                    assert len(recent) < limit
                    allowed.append(now)
                else:
                    assert len(recent) == limit
                    assert wait == pytest.approx(recent[0] + window - now, abs=PRECISION)

    def test_a_refused_event_is_not_counted(self, bench: LimiterBench) -> None:
        """Whoever goes on trying is let in when the window has passed all the same."""
        limiter = bench.limiters[0]
        assert limiter.hit("r", "k", 1, 10) is None
        for _ in range(9):
            bench.pass_time(1)
            assert limiter.hit("r", "k", 1, 10) is not None
        bench.pass_time(1 + PRECISION)
        assert limiter.hit("r", "k", 1, 10) is None

    def test_a_look_answers_what_a_hit_would_and_counts_nothing(self, bench: LimiterBench) -> None:
        one, other = bench.limiters[0], bench.limiters[-1]
        for _ in range(5):
            assert one.look("r", "k", 1, 60) is None
        assert one.hit("r", "k", 1, 60) is None
        bench.pass_time(20)
        assert other.look("r", "k", 1, 60) == one.hit("r", "k", 1, 60) == pytest.approx(40, abs=PRECISION)
        bench.pass_time(40 + PRECISION)
        assert other.look("r", "k", 1, 60) is None

    def test_rules_and_keys_are_counted_apart(self, bench: LimiterBench) -> None:
        """Whatever characters they hold, however long they are."""
        limiter = bench.limiters[0]
        assert [limiter.hit(rule, key, 1, 60) for rule, key in AWKWARD] == [None] * len(AWKWARD)
        assert None not in [limiter.hit(rule, key, 1, 60) for rule, key in AWKWARD]

    def test_a_limit_of_nothing_lets_nobody_in(self, bench: LimiterBench) -> None:
        limiter = bench.limiters[0]
        for ask in (limiter.look, limiter.hit, limiter.hit):
            assert ask("r", "k", 0, 60) == pytest.approx(60, abs=PRECISION)

    def test_of_many_threads_one_gets_the_last_slot(self, bench: LimiterBench) -> None:
        start = Barrier(THREADS)
        limiters = list(islice(cycle(bench.limiters), THREADS))

        def race(limiter: RateLimiter) -> list[bool]:
            won = []
            for turn in range(20):
                start.wait(timeout=60)
                won.append(limiter.hit("race", str(turn), 4, 600) is None)
            return won

        for turn in range(20):
            for _ in range(3):
                assert limiters[0].hit("race", str(turn), 4, 600) is None
        with ThreadPoolExecutor(THREADS) as pool:
            rounds = zip(*pool.map(race, limiters), strict=True)
        assert [sum(won) for won in rounds] == [1] * 20

    def test_it_says_that_it_is_there(self, bench: LimiterBench) -> None:
        for limiter in bench.limiters:
            limiter.ping()
